import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Address, Siblings } from '../../../src/cache/address.js';
import { jointRequest } from '../../../src/cache/joint-request.js';
import { Keyspace } from '../../../src/cache/keyspace.js';
import { RowAddress, RowKeys } from '../../../src/model-cache/row-address.js';
import { schemaOf } from '../../../src/schema/schema-of.js';
import { User } from '../../support/library-models.js';

const texts = (keys: readonly string[]): readonly string[] => keys.map((key) => `text of ${key}`);

function row(id: number, siblings: Siblings): Address {
  const ownStampKey = `s${id}`;
  const stampKeys = [...siblings.sharedStampKeys];
  stampKeys.splice(siblings.ownPlace, 0, ownStampKey);
  return { key: `e${id}`, stampKeys, prefix: 'e', id, siblings, ownStampKey };
}

describe('several entries asked for as one list', () => {
  for (const ownPlace of [0, 1, 2]) {
    it(`names what rows share once, and gives each its texts in the order of its keys, the own stamp at ${ownPlace}`, () => {
      const siblings = { sharedStampKeys: ['all', 'epoch'], ownPlace };
      const rows = [1, 2, 3].map((id) => row(id, siblings));
      const request = jointRequest(rows);
      expect(request.keys).to.eql(['all', 'epoch', 'e1', 's1', 'e2', 's2', 'e3', 's3']);
      for (const all of [texts(request.keys), request.keys]) {
        for (const [index, { key, stampKeys }] of rows.entries()) {
          const expected = all === request.keys ? [key, ...stampKeys] : texts([key, ...stampKeys]);
          expect([...request.textsOf(all, index)]).to.eql(expected);
        }
      }
    });
  }

  it('knows what is not there', () => {
    const request = jointRequest([row(1, { sharedStampKeys: ['all'], ownPlace: 0 })]);
    expect([...request.textsOf([undefined, 'entry', undefined], 0)]).to.eql(['entry', undefined, undefined]);
    expect([...request.textsOf(['a', undefined, 'own'], 0)]).to.eql([undefined, 'own', 'a']);
  });

  it('takes rows that share something else, and other entries, as they are', () => {
    const one: Siblings = { sharedStampKeys: ['all 1'], ownPlace: 0 };
    const other: Siblings = { sharedStampKeys: ['all 2'], ownPlace: 0 };
    const plain: Address = { key: 'e4', stampKeys: ['s4', 'all 1'], prefix: '', id: undefined };
    for (const addresses of [
      [row(1, one), row(2, other)],
      [plain, row(1, one)],
      [row(1, one), plain],
    ]) {
      const request = jointRequest(addresses);
      const all = texts(request.keys);
      for (const [index, { key, stampKeys }] of addresses.entries()) {
        expect(request.textsOf(all, index)).to.eql(texts([key, ...stampKeys]));
      }
    }
    expect(jointRequest([]).keys).to.eql([]);
  });

  for (const gated of [false, true]) {
    it(`takes rows of a model for such, ${gated ? 'with a gate' : 'without a gate'}`, () => {
      const keys = new RowKeys(new Keyspace('p:', { style: 'readable', gated }), schemaOf(User));
      const [first, second] = [1, 2].map((cell) => new RowAddress(keys, cell)) as [RowAddress, RowAddress];
      const request = jointRequest([first, second]);
      expect(request.keys).to.have.length(keys.sharedStampKeys.length + 4);
      for (const [index, { key, stampKeys }] of [first, second].entries()) {
        expect([...request.textsOf(request.keys, index)]).to.eql([key, ...stampKeys]);
      }
    });
  }
});
