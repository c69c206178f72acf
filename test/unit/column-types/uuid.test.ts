import { expect } from 'chai';
import fc from 'fast-check';
import { uuidType as type } from '../../../src/schema/types/uuid.js';
import { refusalOf, throughCell } from './through-cell.js';

describe('uuid columns', () => {
  it('keep every UUID, in lower case', () => {
    fc.assert(
      fc.property(fc.uuid({ version: [1, 4, 7] }), (uuid) => {
        expect(throughCell(type, uuid)).to.equal(uuid);
        expect(throughCell(type, uuid.toUpperCase())).to.equal(uuid);
        expect(type.fromDatabase(uuid, 'postgres')).to.equal(uuid);
      }),
    );
    for (const digit of ['0', 'f']) {
      const uuid = '########-####-####-####-############'.replaceAll('#', digit);
      expect(throughCell(type, uuid)).to.equal(uuid);
    }
    expect(type.decode).to.equal(undefined);
  });

  it('refuse other text', () => {
    const uuid = '0f0e4a2a-1111-4222-8333-123456789abc';
    for (const text of [
      '',
      uuid.slice(1),
      `{${uuid}}`,
      uuid.replaceAll('-', ''),
      uuid.replace('f', 'g'),
      `${uuid}\n`,
    ]) {
      expect(
        refusalOf(() => type.encode(text)),
        text,
      ).to.equal('expects a UUID as text, 32 hexadecimal digits in groups of 8-4-4-4-12, got other text');
    }
    expect(refusalOf(() => type.encode(7))).to.equal('expects a UUID as text, got a number');
  });

  it('refuse to read upper case, which no lookup on SQLite would find', () => {
    expect(refusalOf(() => type.fromDatabase('0F0E4A2A-1111-4222-8333-123456789ABC', 'sqlite'))).to.equal(
      'cannot be read as uuid: expected a UUID in lower case, the database gave text; ' +
        'declare the type that the column really has',
    );
  });

  it('are declared as uuid, and carry condition stamps', () => {
    expect([type.sqlType('sqlite'), type.sqlType('postgres')]).to.deep.equal(['text', 'uuid']);
    expect([type.canonicalEquality, type.signature]).to.deep.equal([true, 'uuid']);
  });
});
