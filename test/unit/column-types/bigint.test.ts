import { expect } from 'chai';
import fc from 'fast-check';
import { bigintType as type } from '../../../src/schema/types/bigint.js';
import { refusalOf, throughCell } from './through-cell.js';

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

describe('bigint columns', () => {
  it('keep every whole number of 64 bits', () => {
    const any64 = fc.bigInt({ min: MIN, max: MAX });
    fc.assert(
      fc.property(any64, (value) => {
        expect(throughCell(type, value)).to.equal(value);
      }),
    );
    for (const value of [MIN, MAX, 0n]) expect(throughCell(type, value)).to.equal(value);
  });

  it('take safe whole numbers and give bigints', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(throughCell(type, value)).to.equal(BigInt(value));
      }),
    );
    expect(type.encode(-0)).to.equal('0');
  });

  it('refuse what is no whole number of 64 bits', () => {
    const range = "expects a bigint of 64 bits, got one outside; type: 'decimal' holds it";
    const unsafe = 'expects a bigint, got a number that is not a safe integer; write a bigint such as 1n';
    const refusals: [unknown, string][] = [
      [MAX + 1n, range],
      [MIN - 1n, range],
      [2 ** 53, unsafe],
      [1.5, unsafe],
      [NaN, unsafe],
      ['7', 'expects a bigint, got text'],
    ];
    for (const [value, message] of refusals) expect(refusalOf(() => type.encode(value))).to.equal(message);
  });

  it('go to SQLite as a BigInt and to PostgreSQL as text', () => {
    expect(type.toDatabase(String(MAX), 'sqlite')).to.equal(MAX);
    expect(type.toDatabase(String(MAX), 'postgres')).to.equal('9223372036854775807');
  });

  it('are read as text, because drivers round', () => {
    expect(type.selectSql?.('"id"', 'sqlite')).to.equal('cast("id" as text)');
    expect(type.selectSql?.('"id"', 'postgres')).to.equal('"id"::text');
    expect(type.fromDatabase('-9223372036854775808', 'sqlite')).to.equal('-9223372036854775808');
    expect(type.fromDatabase(7n, 'sqlite')).to.equal('7');
    expect(type.fromDatabase(7, 'sqlite')).to.equal('7');
  });

  it('say what the database gave instead, also where a driver has rounded already', () => {
    const message = (got: string): string =>
      `cannot be read as bigint: expected a whole number, the database gave ${got}; ` +
      'declare the type that the column really has';
    expect(refusalOf(() => type.fromDatabase('1.0e+300', 'sqlite'))).to.equal(message('text'));
    expect(refusalOf(() => type.fromDatabase(2 ** 53, 'postgres'))).to.equal(message('a number'));
  });

  it('are declared with 64 bits and carry condition stamps', () => {
    expect([type.sqlType('sqlite'), type.sqlType('postgres')]).to.deep.equal(['integer', 'bigint']);
    expect([type.canonicalEquality, type.signature]).to.deep.equal([true, 'bigint']);
  });
});
