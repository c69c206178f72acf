import { expect } from 'chai';
import fc from 'fast-check';
import { integerType as type } from '../../../src/schema/types/integer.js';
import { refusalOf, throughCell } from './through-cell.js';

describe('integer columns', () => {
  it('keep every whole number of 32 bits', () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        expect(throughCell(type, value)).to.equal(value);
      }),
    );
    for (const value of [-2147483648, 2147483647, 0]) expect(throughCell(type, value)).to.equal(value);
  });

  it('turn -0 into 0', () => {
    expect(Object.is(type.encode(-0), 0)).to.equal(true);
    expect(Object.is(type.fromDatabase(-0, 'sqlite'), 0)).to.equal(true);
  });

  it('refuse what is no whole number of 32 bits', () => {
    const range = "expects a whole number from -2147483648 to 2147483647, got one outside; type: 'bigint' holds it";
    const fraction = "expects a whole number, got one with a fraction; type: 'float' keeps fractions";
    const refusals: [unknown, string][] = [
      [2 ** 31, range],
      [-(2 ** 31) - 1, range],
      [2 ** 60, range],
      [1.5, fraction],
      [NaN, 'expects a whole number, got NaN'],
      [Infinity, 'expects a whole number, got Infinity'],
      ['7', 'expects a whole number, got text'],
      [7n, 'expects a whole number, got a bigint'],
      [true, 'expects a whole number, got a boolean'],
      [Promise.resolve(7), 'expects a whole number, got a Promise (await it first)'],
    ];
    for (const [value, message] of refusals) expect(refusalOf(() => type.encode(value))).to.equal(message);
  });

  it('read what drivers give for wider columns, as long as it is exact', () => {
    expect(type.fromDatabase(7, 'sqlite')).to.equal(7);
    expect(type.fromDatabase(5_000_000_000, 'sqlite')).to.equal(5_000_000_000);
    expect(type.fromDatabase(7n, 'sqlite')).to.equal(7);
    expect(type.fromDatabase('-12', 'postgres')).to.equal(-12);
  });

  it('say what the database gave instead of a whole number', () => {
    const message = (got: string): string =>
      'cannot be read as integer: expected a whole number that a JavaScript number holds exactly, the database gave ' +
      `${got}; declare the type that the column really has`;
    expect(refusalOf(() => type.fromDatabase('x', 'sqlite'))).to.equal(message('text'));
    expect(refusalOf(() => type.fromDatabase('', 'postgres'))).to.equal(message('empty text'));
    expect(refusalOf(() => type.fromDatabase('9007199254740993', 'postgres'))).to.equal(message('text'));
    expect(refusalOf(() => type.fromDatabase(2n ** 60n, 'sqlite'))).to.equal(message('a bigint'));
    expect(refusalOf(() => type.fromDatabase(1.5, 'sqlite'))).to.equal(message('a number'));
  });

  it('are declared as integer, hit without a conversion, and carry condition stamps', () => {
    expect([type.sqlType('sqlite'), type.sqlType('postgres')]).to.deep.equal(['integer', 'integer']);
    expect(type.decode).to.equal(undefined);
    expect([type.canonicalEquality, type.signature]).to.deep.equal([true, 'integer']);
  });
});
