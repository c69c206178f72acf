import { expect } from 'chai';
import fc from 'fast-check';
import type { ColumnTypeOptions } from '../../../src/schema/column-type.js';
import { decimalType } from '../../../src/schema/types/decimal.js';
import { UsageError } from '../../../src/errors.js';
import { refusalOf, throughCell } from './through-cell.js';

const plain = decimalType({}, 'Order.total');
const money = decimalType({ precision: 10, scale: 2 }, 'Order.total');
const units = decimalType({ precision: 3 }, 'Order.total');

const digits = (most: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^\\d{0,${most}}$`));
const decimalTexts = fc
  .tuple(fc.constantFrom('', '-', '+'), digits(40), digits(40))
  .map(([sign, before, after]) => `${sign}${before || '0'}.${after}`);

describe('decimal columns', () => {
  it('keep the number and write it in one way', () => {
    const canonical = /^(?!-0$)-?(0|[1-9]\d*)(\.\d*[1-9])?$/;
    fc.assert(
      fc.property(decimalTexts, (text) => {
        const kept = String(throughCell(plain, text));
        expect(kept).to.match(canonical);
        expect(scaled(kept)).to.equal(scaled(text));
        expect(throughCell(plain, kept)).to.equal(kept);
        expect(plain.fromDatabase(text, 'sqlite')).to.equal(kept);
      }),
    );
  });

  it('take off zeros, points and signs that say nothing', () => {
    const pairs: [unknown, string][] = [
      ['1.50', '1.5'],
      ['007', '7'],
      ['+1', '1'],
      ['-0', '0'],
      ['-0.00', '0'],
      ['.5', '0.5'],
      ['5.', '5'],
      ['0', '0'],
      ['-.5', '-0.5'],
      [12n, '12'],
      [1.25, '1.25'],
      [-0, '0'],
      [123456789012345680000, '123456789012345680000'],
    ];
    for (const [value, text] of pairs) expect(plain.encode(value)).to.equal(text);
  });

  it('pad to the scale and never round', () => {
    expect(money.encode('1.5')).to.equal('1.50');
    expect(money.encode('1.500')).to.equal('1.50');
    expect(money.encode(3)).to.equal('3.00');
    expect(money.encode('-0')).to.equal('0.00');
    expect(money.encode('-00000000012345678.10')).to.equal('-12345678.10');
    expect(units.encode('12.0')).to.equal('12');
    expect(decimalType({ precision: 2, scale: 2 }, 'x').encode('0.12')).to.equal('0.12');
  });

  it('refuse more digits than the column holds', () => {
    const after = 'expects at most 2 digits after the decimal point, got 3; round it first';
    expect(refusalOf(() => money.encode('1.005'))).to.equal(after);
    expect(refusalOf(() => money.encode(0.1 + 0.2))).to.equal(after.replace('3', '17'));
    expect(refusalOf(() => money.encode('123456789'))).to.equal(
      'expects at most 8 digits before the decimal point, got 9',
    );
    expect(refusalOf(() => units.encode('1.5'))).to.equal(
      'expects at most 0 digits after the decimal point, got 1; round it first',
    );
    expect(refusalOf(() => plain.encode(`0.${'0'.repeat(16_383)}1`))).to.equal(
      'expects at most 16383 digits after the decimal point, got 16384; round it first',
    );
    expect(refusalOf(() => plain.encode('9'.repeat(131_073)))).to.equal(
      'expects at most 131072 digits before the decimal point, got 131073',
    );
  });

  it('refuse what is no plain decimal number', () => {
    const other = "expects a decimal number as plain text such as '12.50', got other text";
    for (const text of ['', '.', '-', '1e5', '1,5', ' 1', '1 ', '0x10', 'NaN', 'Infinity', '1.2.3', '--1', '١']) {
      expect(
        refusalOf(() => plain.encode(text)),
        text,
      ).to.equal(other);
    }
    const kind = "expects a decimal number as text such as '12.50', got ";
    expect(refusalOf(() => plain.encode(NaN))).to.equal(`${kind}NaN`);
    expect(refusalOf(() => plain.encode({}))).to.equal(`${kind}an object`);
    expect(refusalOf(() => plain.encode(1e21))).to.equal(
      'expects a decimal number as text, got a number that is written with an exponent; write it as plain text',
    );
  });

  it('take long text in linear time', () => {
    const text = `${'0'.repeat(100_000)}.${'0'.repeat(100_000)}1x`;
    const start = process.cpuUsage();
    expect(() => plain.encode(text)).to.throw();
    expect(plain.fromDatabase(text.slice(0, -2) + '0'.repeat(100_000), 'sqlite')).to.equal('0');
    expect(process.cpuUsage(start).user / 1000).to.be.below(1000);
  });

  it('read numbers of tables of others through their shortest text', () => {
    const pairs: [unknown, string][] = [
      [1.5, '1.5'],
      [1e21, '1000000000000000000000'],
      [-1.25e22, '-12500000000000000000000'],
      [1.5e-7, '0.00000015'],
      [-1e-7, '-0.0000001'],
      [9007199254740993n, '9007199254740993'],
      ['1.500', '1.5'],
    ];
    for (const [raw, text] of pairs) expect(plain.fromDatabase(raw, 'sqlite')).to.equal(text);
    expect(money.fromDatabase(1.5, 'sqlite')).to.equal('1.50');
    expect(money.fromDatabase('-0.00', 'sqlite')).to.equal('0.00');
    expect(money.fromDatabase('01.50', 'sqlite')).to.equal('1.50');
  });

  it('read more digits than declared, and what only PostgreSQL knows, as they are', () => {
    expect(money.fromDatabase('1.005', 'postgres')).to.equal('1.005');
    for (const raw of ['NaN', 'Infinity', '-Infinity']) expect(plain.fromDatabase(raw, 'postgres')).to.equal(raw);
  });

  it('say what the database gave instead of a number', () => {
    const message = (got: string): string =>
      `cannot be read as decimal: expected a decimal number, the database gave ${got}; ` +
      'declare the type that the column really has';
    expect(refusalOf(() => plain.fromDatabase('x', 'sqlite'))).to.equal(message('text'));
    expect(refusalOf(() => plain.fromDatabase(Infinity, 'sqlite'))).to.equal(message('Infinity'));
    expect(refusalOf(() => plain.fromDatabase(Buffer.of(1), 'sqlite'))).to.equal(message('a Buffer'));
  });

  it('are declared with their digits, ordered as numbers on SQLite, and carry no condition stamps', () => {
    expect(money.sqlType('postgres')).to.equal('numeric(10,2)');
    expect(units.sqlType('postgres')).to.equal('numeric(3,0)');
    expect(plain.sqlType('postgres')).to.equal('numeric');
    expect(money.sqlType('sqlite')).to.equal('text');
    expect(money.orderSql?.('"total"', 'sqlite')).to.equal('cast("total" as real)');
    expect(money.orderSql?.('"total"', 'postgres')).to.equal(undefined);
    expect(money.canonicalEquality).to.equal(false);
  });

  it('have a signature that changes with what changes a cell: the scale, not the precision', () => {
    const signature = (options: ColumnTypeOptions): string => decimalType(options, 'x').signature;
    expect(signature({})).to.equal('decimal');
    expect(signature({ precision: 10, scale: 2 })).to.equal('decimal:2');
    expect(signature({ precision: 12, scale: 2 })).to.equal('decimal:2');
    expect(signature({ precision: 12 })).to.equal('decimal:0');
  });

  it('refuse wrong options', () => {
    const example = 'Write for example precision: 12, scale: 2.';
    const wrong: [ColumnTypeOptions, string][] = [
      [{ scale: 2 }, `Order.total: scale is given without precision. ${example}`],
      [{ precision: 0 }, `Order.total: precision is not a whole number from 1 to 1000. ${example}`],
      [{ precision: 1.5 }, `Order.total: precision is not a whole number from 1 to 1000. ${example}`],
      [{ precision: 1001 }, `Order.total: precision is not a whole number from 1 to 1000. ${example}`],
      [{ precision: 4, scale: 5 }, `Order.total: scale is not a whole number from 0 to the precision, 4. ${example}`],
      [{ precision: 4, scale: -1 }, `Order.total: scale is not a whole number from 0 to the precision, 4. ${example}`],
    ];
    for (const [options, message] of wrong) {
      expect(() => decimalType(options, 'Order.total')).to.throw(UsageError, message);
    }
  });
});

/** The number as a whole number of 10^-40, which is finer than any text here. */
function scaled(text: string): bigint {
  const [whole = '', fraction = ''] = text.replace(/^[+-]/, '').split('.');
  const size = BigInt(whole + fraction.padEnd(40, '0'));
  return text.startsWith('-') ? -size : size;
}
