import { expect } from 'chai';
import fc from 'fast-check';
import { binaryType as type } from '../../../src/schema/types/binary.js';
import { refusalOf, throughCell } from './through-cell.js';

describe('binary columns', () => {
  it('keep every byte and give a Buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const back = throughCell(type, bytes);
        expect(Buffer.isBuffer(back)).to.equal(true);
        expect(back).to.deep.equal(Buffer.from(bytes));
        expect(type.fromDatabase(type.toDatabase(type.encode(bytes), 'sqlite'), 'sqlite')).to.equal(type.encode(bytes));
      }),
    );
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    expect(throughCell(type, all)).to.deep.equal(all);
    expect(throughCell(type, Buffer.alloc(0))).to.deep.equal(Buffer.alloc(0));
  });

  it('take only their part of the memory below a view', () => {
    const view = new Uint8Array(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2);
    expect(throughCell(type, view)).to.deep.equal(Buffer.of(2, 3));
  });

  it('share no memory with anybody', () => {
    const given = Buffer.of(1);
    const cell = type.encode(given);
    given[0] = 2;
    expect(type.decode?.(cell)).to.deep.equal(Buffer.of(1));
    expect(type.decode?.(cell)).not.to.equal(type.decode?.(cell));
  });

  it('refuse what is no bytes', () => {
    expect(refusalOf(() => type.encode('abc'))).to.equal('expects a Buffer or a Uint8Array, got text');
    expect(refusalOf(() => type.encode(new ArrayBuffer(1)))).to.equal(
      'expects a Buffer or a Uint8Array, got an instance of ArrayBuffer',
    );
  });

  it("read PostgreSQL's text form, and say what the database gave instead", () => {
    expect(type.fromDatabase('\\x00ff', 'postgres')).to.equal(Buffer.of(0, 255).toString('base64'));
    expect(type.fromDatabase('\\x', 'postgres')).to.equal('');
    for (const raw of ['abc', '\\x0', '\\xzz']) {
      expect(refusalOf(() => type.fromDatabase(raw, 'postgres'))).to.equal(
        'cannot be read as binary: expected bytes, the database gave text; declare the type that the column really has',
      );
    }
  });

  it('are declared as bytes, and carry no condition stamps', () => {
    expect([type.sqlType('sqlite'), type.sqlType('postgres')]).to.deep.equal(['blob', 'bytea']);
    expect([type.canonicalEquality, type.signature]).to.deep.equal([false, 'binary']);
  });
});
