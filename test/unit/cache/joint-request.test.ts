import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Address, Siblings } from '../../../src/cache/address.js';
import { jointRequest } from '../../../src/cache/joint-request.js';
import { Keyspace } from '../../../src/cache/keyspace.js';
import { RowAddress, RowKeys } from '../../../src/model-cache/row-address.js';
import { schemaOf } from '../../../src/schema/schema-of.js';
import { User } from '../../support/library-models.js';

function row(id: number, siblings: Siblings): Address {
  const ownStampKey = `s${id}`;
  const stampKeys = [...siblings.before, ownStampKey, ...siblings.after];
  return { key: `e${id}`, stampKeys, prefix: 'e', id, siblings, ownStampKey };
}

/** Answers each key by a text that tells it, and expects each entry to get those of its own keys, in their order. */
function expectOwnTexts(addresses: readonly Address[]): readonly string[] {
  const request = jointRequest(addresses);
  for (const round of [1, 2]) {
    const texts = (keys: readonly string[]): readonly string[] => keys.map((key) => `${round} of ${key}`);
    const own = request.map(texts(request.keys), (address, all) => [address, [...all]] as const);
    expect(own).to.eql(addresses.map((address) => [address, texts([address.key, ...address.stampKeys])]));
  }
  return request.keys;
}

describe('several entries asked for as one list', () => {
  for (const [before, after] of [
    [[], ['all', 'epoch']],
    [['gate'], ['all', 'epoch']],
    [['gate', 'all'], []],
    [[], []],
  ]) {
    it(`names what rows share once, where they have ${before?.length} stamps before their own and ${after?.length} after it`, () => {
      const siblings: Siblings = { before: before ?? [], after: after ?? [] };
      const keys = expectOwnTexts([1, 2, 3].map((id) => row(id, siblings)));
      expect(keys).to.eql([...(before ?? []), ...(after ?? []), 'e1', 's1', 'e2', 's2', 'e3', 's3']);
    });
  }

  it('knows what is not there', () => {
    const request = jointRequest([row(1, { before: [], after: ['all'] })]);
    const own = (...all: (string | undefined)[]): unknown => request.map(all, (_, texts) => [...texts])[0];
    expect(own(undefined, 'entry', undefined)).to.eql(['entry', undefined, undefined]);
    expect(own('a', undefined, 'own')).to.eql([undefined, 'own', 'a']);
  });

  it('takes rows that share something else, and other entries, as they are', () => {
    const one: Siblings = { before: [], after: ['all 1'] };
    const other: Siblings = { before: [], after: ['all 2'] };
    const plain: Address = { key: 'e4', stampKeys: ['s4', 'all 1'], prefix: '', id: undefined };
    expectOwnTexts([row(1, one), row(2, other)]);
    expectOwnTexts([plain, row(1, one)]);
    expectOwnTexts([row(1, one), plain]);
    expect(expectOwnTexts([])).to.eql([]);
  });

  for (const gated of [false, true]) {
    it(`takes rows of a model for such, ${gated ? 'with a gate' : 'without a gate'}`, () => {
      const keys = new RowKeys(new Keyspace('p:', { style: 'readable', gated }), schemaOf(User));
      const addresses = [1, 2].map((cell) => new RowAddress(keys, cell));
      expect(expectOwnTexts(addresses)).to.have.length((gated ? 3 : 2) + 4);
    });
  }
});
