import { expect } from 'chai';
import { describe, it } from 'mocha';
import { RecentMap } from '../../../src/support/recent-map.js';

describe('RecentMap', () => {
  it('gives back what was set last', () => {
    const map = new RecentMap<string, number>(3);
    map.set('a', 1);
    map.set('a', 2);
    expect([map.get('a'), map.get('b')]).to.deep.equal([2, undefined]);
  });

  it('remembers the last keys, as many as it was told, and at most twice as many', () => {
    const map = new RecentMap<number, string>(100);
    for (let key = 0; key < 10_000; key++) {
      map.set(key, `${key}`);
      const last = Array.from({ length: Math.min(100, key + 1) }, (_, back) => key - back);
      if (key % 37 === 0) expect(last.filter((one) => map.get(one) !== `${one}`)).to.deep.equal([]);
    }
    const known = Array.from({ length: 10_000 }, (_, key) => key).filter((key) => map.get(key) !== undefined);
    expect(known.length).to.be.within(100, 200);
  });

  it('keeps what is asked for again and again, whatever is set meanwhile', () => {
    const map = new RecentMap<number, string>(10);
    map.set(-1, 'kept');
    for (let key = 0; key < 1000; key++) {
      map.set(key, `${key}`);
      if (key % 5 === 0) expect(map.get(-1)).to.equal('kept');
    }
    expect(map.get(0)).to.equal(undefined);
  });

  it('never gives back a value that was replaced while it was in the old generation', () => {
    const map = new RecentMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 1); // both are old now
    map.set('a', 2);
    map.set('c', 1);
    expect(map.get('a')).to.equal(2);
  });
});
