import { expect } from 'chai';
import { booleanType as type } from '../../../src/schema/types/boolean.js';
import { refusalOf, throughCell } from './through-cell.js';

describe('boolean columns', () => {
  it('keep true and false', () => {
    for (const value of [true, false]) expect(throughCell(type, value)).to.equal(value);
    expect(type.decode).to.equal(undefined);
  });

  it('refuse everything else', () => {
    expect(refusalOf(() => type.encode(1))).to.equal('expects true or false, got a number');
    expect(refusalOf(() => type.encode('true'))).to.equal('expects true or false, got text');
  });

  it('are 1 and 0 on SQLite', () => {
    expect([type.toDatabase(true, 'sqlite'), type.toDatabase(false, 'sqlite')]).to.deep.equal([1, 0]);
    expect([1, 0, 1n, 0n].map((raw) => type.fromDatabase(raw, 'sqlite'))).to.deep.equal([true, false, true, false]);
  });

  it('are booleans on PostgreSQL, or text where a parser of pg was changed', () => {
    expect(type.toDatabase(true, 'postgres')).to.equal(true);
    const raws = [true, false, 't', 'f', 'true', 'false'];
    expect(raws.map((raw) => type.fromDatabase(raw, 'postgres'))).to.deep.equal([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it('say what the database gave instead', () => {
    const end = '; declare the type that the column really has';
    expect(refusalOf(() => type.fromDatabase(2, 'sqlite'))).to.equal(
      `cannot be read as boolean: expected 0 or 1, the database gave a number${end}`,
    );
    // Text on SQLite is refused: `= 1` would not find it.
    expect(refusalOf(() => type.fromDatabase('true', 'sqlite'))).to.equal(
      `cannot be read as boolean: expected 0 or 1, the database gave text${end}`,
    );
    expect(refusalOf(() => type.fromDatabase('yes', 'postgres'))).to.equal(
      `cannot be read as boolean: expected true or false, the database gave text${end}`,
    );
  });

  it('are declared as the databases have them and carry condition stamps', () => {
    expect([type.sqlType('sqlite'), type.sqlType('postgres')]).to.deep.equal(['integer', 'boolean']);
    expect([type.canonicalEquality, type.signature]).to.deep.equal([true, 'boolean']);
  });
});
