import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Address } from '../../../src/cache/address.js';
import { gather } from '../../../src/cache/gather.js';

const address = (key: string, stampKeys: readonly string[]): Address => ({ key, stampKeys, prefix: '', id: undefined });

describe('gather', () => {
  it('asks once for the stamps that rows of one table share', () => {
    const rows = [1, 2, 3].map((id) => address(`row:${id}`, [`stamp:${id}`, 'bulk', 'epoch']));
    expect(gather(rows).keys).to.deep.equal([
      'row:1',
      'stamp:1',
      'bulk',
      'epoch',
      'row:2',
      'stamp:2',
      'row:3',
      'stamp:3',
    ]);
  });

  it('tells where the keys of each address are, whatever they share and however many they have', () => {
    const addresses = [
      address('a', ['s', 't']),
      address('b', ['s']),
      address('c', ['t', 't', 'u']),
      address('c', ['t', 'v', 'u']),
      address('d', []),
      address('e', ['t']),
    ];
    const { keys, places } = gather(addresses);
    const found = places.map((each) => each.map((place) => keys[place]));
    expect(found).to.deep.equal(addresses.map(({ key, stampKeys }) => [key, ...stampKeys]));
  });
});
