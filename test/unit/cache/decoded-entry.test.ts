import { expect } from 'chai';
import fc from 'fast-check';
import { decodeEntry, encodeEntry, type DecodedEntry } from '../../../src/cache/entry.js';
import { randomStamp } from '../../../src/support/random-stamp.js';

function entryUnder(stamps: readonly string[]): DecodedEntry {
  const times = { createdAt: 5, expiresAt: 15, softExpiresAt: undefined, costMs: 1 };
  const entry = decodeEntry(encodeEntry({ ...times, stamps, dependencies: undefined, payload: null }));
  return entry ?? expect.fail('it cannot be read');
}

const pool = Array.from({ length: 6 }, randomStamp);
const stamps = fc.array(fc.constantFrom(...pool, 'a', 'ab', 'b'), { minLength: 1, maxLength: 5 });
const current = fc.array(fc.constantFrom(...pool, 'a', 'ab', 'b', undefined), { maxLength: 5 });

describe('an entry that was read from its text', () => {
  it('is under the stamps that it was stored under, wherever they begin in a list', () => {
    fc.assert(
      fc.property(stamps, fc.nat({ max: 3 }), (stored, from) => {
        const before = Array.from({ length: from }, () => 'something else');
        expect(entryUnder(stored).isUnder([...before, ...stored], from)).to.equal(true);
      }),
    );
  });

  it('is under no others: with one missing, one more, one changed, in another order', () => {
    fc.assert(
      fc.property(stamps, current, (stored, others) => {
        const areSame = others.length === stored.length && others.every((stamp, index) => stamp === stored[index]);
        expect(entryUnder(stored).isUnder(others, 0)).to.equal(areSame);
      }),
    );
    const entry = entryUnder(['a', 'b']);
    for (const others of [
      [],
      ['a'],
      ['b'],
      ['ab'],
      ['b', 'a'],
      ['a', 'b', 'c'],
      ['a', 'b', undefined],
      [undefined, 'b'],
    ]) {
      expect(entry.isUnder(others, 0), JSON.stringify(others)).to.equal(false);
    }
  });
});
