import { expect } from 'chai';
import { describe, it } from 'mocha';
import { gather, keysOf, type AskedKeys } from '../../../src/cache/gather.js';

const asked = ([key, ...stampKeys]: readonly string[]): AskedKeys => ({ key, stampKeys });

describe('gather', () => {
  it('asks once for the stamps that rows of one table share', () => {
    const rows = [1, 2, 3].map((id) => [`row:${id}`, `stamp:${id}`, 'bulk', 'epoch']);
    expect(gather(rows.map(asked)).items).to.deep.equal([
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

  it('asks once for a list that comes again', () => {
    expect(
      gather(
        [
          ['row:1', 'stamp:1'],
          ['row:1', 'stamp:1'],
          ['row:1', 'stamp:1'],
        ].map(asked),
      ).items,
    ).to.have.lengthOf(2);
  });

  it('tells where the keys of each list are, whatever they share and however many they have', () => {
    const lists = [['a', 's', 't'], ['b', 's'], ['c', 't', 't', 'u'], ['c', 't', 'v', 'u'], ['d'], ['e', 't'], []];
    const all = [...lists.map(asked), ...lists.map((stampKeys) => ({ key: undefined, stampKeys }))];
    const { items, places } = gather(all);
    const found = places.map((each) => each.map((place) => items[place]));
    expect(found).to.deep.equal([...lists, ...lists]);
    expect(all.map(keysOf)).to.deep.equal(found);
  });
});
