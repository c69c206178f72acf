import { expect } from 'chai';
import fc from 'fast-check';
import { floatType as type } from '../../../src/schema/types/float.js';
import { refusalOf, throughCell } from './through-cell.js';

describe('float columns', () => {
  it('keep every number but NaN, -0 as 0', () => {
    const numbers = fc.double({ noNaN: true });
    fc.assert(
      fc.property(numbers, (value) => {
        expect(Object.is(throughCell(type, value), value + 0)).to.equal(true);
      }),
    );
    for (const value of [Infinity, -Infinity, 5e-324, Number.MAX_VALUE]) {
      expect(throughCell(type, value)).to.equal(value);
    }
  });

  it('refuse NaN and what is no number', () => {
    expect(refusalOf(() => type.encode(NaN))).to.equal('expects a number, got NaN');
    expect(refusalOf(() => type.encode('1'))).to.equal('expects a number, got text');
    expect(refusalOf(() => type.encode(1n))).to.equal('expects a number, got a bigint');
  });

  it('read what drivers and parsers of pg give', () => {
    expect(type.fromDatabase(1.5, 'sqlite')).to.equal(1.5);
    expect(Object.is(type.fromDatabase(-0, 'postgres'), 0)).to.equal(true);
    expect(type.fromDatabase('1e+21', 'postgres')).to.equal(1e21);
    expect(type.fromDatabase('-Infinity', 'postgres')).to.equal('-Infinity');
    expect(type.fromDatabase(7n, 'sqlite')).to.equal(7);
  });

  it('read a NaN that another program stored', () => {
    for (const raw of [NaN, 'NaN']) expect(type.decode?.(type.fromDatabase(raw, 'postgres'))).to.deep.equal(NaN);
  });

  it('say what the database gave instead of a number', () => {
    const message = (got: string): string =>
      `cannot be read as float: expected a number, the database gave ${got}; declare the type that the column really has`;
    expect(refusalOf(() => type.fromDatabase('x', 'sqlite'))).to.equal(message('text'));
    expect(refusalOf(() => type.fromDatabase(' ', 'sqlite'))).to.equal(message('text'));
    expect(refusalOf(() => type.fromDatabase(Buffer.of(1), 'sqlite'))).to.equal(message('a Buffer'));
  });

  it('become numbers again on the way to a driver', () => {
    expect(type.toDatabase('Infinity', 'sqlite')).to.equal(Infinity);
    expect(type.toDatabase(0.5, 'postgres')).to.equal(0.5);
  });

  it('are declared with 64 bits and carry no condition stamps', () => {
    expect([type.sqlType('sqlite'), type.sqlType('postgres')]).to.deep.equal(['real', 'double precision']);
    expect([type.canonicalEquality, type.signature]).to.deep.equal([false, 'float']);
  });
});
