import { expect } from 'chai';
import { CachedModel, Column, PrimaryKey, Table, type CacheManager, type Manager } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { columnsSetBy, statementsOf } from '../support/recorded-statements.js';

class Point {
  x: number;

  constructor(x: number) {
    this.x = x;
  }
}

const pointColumn = {
  toDatabase: (value: unknown) => ({ x: (value as Point).x }), // the property's type
  fromDatabase: (stored: unknown) => new Point((stored as { x: number }).x),
  storedAs: 'json',
} as const;

@Table('mutable_boxes', { label: 'mutable.Box' })
class Box extends CachedModel {
  declare static objects: Manager<Box>;
  declare static cache: CacheManager<Box>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'json' }) declare json: { list: number[]; inner: { deep: number } };
  @Column({ type: 'datetime' }) declare moment: Date;
  @Column({ type: 'array', of: 'integer' }) declare numbers: number[];
  @Column({ type: 'array', of: 'datetime' }) declare moments: Date[];
  @Column({ type: 'binary' }) declare bytes: Buffer;
  @Column({ type: pointColumn })
  declare point: Point;
}

/** Each changes a value in place. */
const changes: Readonly<Record<string, (box: Box) => unknown>> = {
  json: (box) => (box.json.inner.deep += 1),
  moment: (box) => box.moment.setMilliseconds(box.moment.getMilliseconds() + 1),
  numbers: (box) => (box.numbers[0]! += 1),
  moments: (box) => box.moments[0]!.setMilliseconds(box.moments[0]!.getMilliseconds() + 1),
  bytes: (box) => (box.bytes[0] = (box.bytes[0]! + 1) % 256),
  point: (box) => (box.point.x += 1),
};

forEachCombination((combination) => {
  describe('a value that is changed in place', () => {
    connected(combination, [Box]);
    let created: Box;

    beforeEach(async () => {
      created = await Box.create({
        json: { list: [1, 2], inner: { deep: 1 } },
        moment: new Date(0),
        numbers: [1, 2],
        moments: [new Date(0)],
        bytes: Buffer.from([1, 2, 3]),
        point: new Point(1),
      });
    });

    const sources: Readonly<Record<string, () => Promise<Box>>> = {
      'after it was created': async () => created,
      'after it was read': () => Box.objects.get({ id: created.id }),
      'after a cached read': async () => {
        await Box.cache.get(created.id);
        return Box.cache.get(created.id);
      },
      'after it was reloaded': () => created.reload(),
    };

    for (const [column, change] of Object.entries(changes)) {
      for (const [when, source] of Object.entries(sources)) {
        it(`is noticed by changes() and saved: ${column}, ${when}`, async () => {
          const box = await source();
          expect(box.changes()).to.deep.equal({});
          change(box);
          expect(Object.keys(box.changes())).to.deep.equal([column]);
          const [text, ...others] = await statementsOf(() => box.save());
          expect(columnsSetBy(text)).to.deep.equal([column]);
          expect(others).to.deep.equal([]);
          expect(box.changes()).to.deep.equal({});
          const stored = await Box.objects.get({ id: box.id });
          expect(stored.toJSON()).to.deep.equal(box.toJSON());
          change(box); // also what the instance holds after a save
          expect(Object.keys(box.changes())).to.deep.equal([column]);
        });
      }
    }

    it('that is set back in place is no change', async () => {
      const box = await Box.cache.get(created.id);
      box.json.list.push(3);
      box.json.list.pop();
      box.moment.setTime(1);
      box.moment.setTime(0);
      expect(box.changes()).to.deep.equal({});
      expect(await statementsOf(() => box.save())).to.deep.equal([]);
    });
  });
});
