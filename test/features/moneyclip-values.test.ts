import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import {
  CachedModel,
  Column,
  moneyclip,
  PrimaryKey,
  Table,
  UsageError,
  type CacheManager,
  type Manager,
} from '../../src/index.js';
import { decodeValue, encodeValue, referencesIn } from '../../src/compute/value-codec.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

let produce: () => unknown = () => undefined;
let runs = 0;

@Table('clip_value_items', { label: 'clipValues.Item' })
class Item extends CachedModel {
  declare static objects: Manager<Item>;
  declare static cache: CacheManager<Item>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;

  @moneyclip()
  async produced(): Promise<unknown> {
    runs += 1;
    return produce();
  }
}

describe('values of @moneyclip', () => {
  forEachCombination((combination) => {
    connected(combination, [Item]);
    let item: Item;
    let other: Item;

    beforeEach(async () => {
      runs = 0;
      item = await Item.create({ name: 'item' });
      other = await Item.create({ name: 'other' });
    });

    const values: readonly (readonly [string, () => unknown])[] = [
      ['undefined', () => undefined],
      ['null', () => null],
      ['false', () => false],
      ['-0', () => -0],
      ['NaN', () => Number.NaN],
      ['Infinity', () => Number.POSITIVE_INFINITY],
      ['a bigint', () => 2n ** 80n],
      ['a date', () => new Date(1_700_000_000_123)],
      ['an invalid date', () => new Date(Number.NaN)],
      ['a Map of Sets', () => new Map([['a', new Set([1, 'x', null])]])],
      ['a Buffer', () => Buffer.from([0, 255, 128])],
      ['a Uint8Array', () => new Uint8Array([1, 2, 3])],
      ['a Float64Array', () => new Float64Array([0.1, -0, Number.NaN])],
      ['a BigInt64Array', () => new BigInt64Array([-1n])],
      ['an ArrayBuffer', () => new Uint8Array([1, 2, 3]).buffer],
      ['a regular expression', () => /x+/giu],
      ['a URL', () => new URL('https://example.org/?q=1')],
      ['nested plain data', () => ({ a: [1, { b: 'ü\u2028\u0000' }], c: null })],
      ['an object with undefined in it', () => ({ a: undefined, b: [undefined] })],
      ['a sparse list', () => [1, , 3]], // oxlint-disable-line no-sparse-arrays -- on purpose
      ['an object without a prototype', () => Object.assign(Object.create(null) as object, { a: 1 })],
      ['an empty text', () => ''],
    ];

    for (const [what, make] of values) {
      it(`come back exactly: ${what}`, async () => {
        produce = make;
        const [first, second] = [await item.produced(), await item.produced()];
        expect(runs).to.equal(1);
        for (const value of [first, second]) {
          expect(value).to.deep.equal(make());
          expect(Object.prototype.toString.call(value)).to.equal(Object.prototype.toString.call(make()));
          if (typeof value === 'object' && value !== null) {
            expect(Object.getPrototypeOf(value)).to.equal(Object.getPrototypeOf(make()));
          }
        }
        expect(Object.is(first, second) || typeof first === 'object').to.equal(true);
      });
    }

    it('come back with what their parts share', async () => {
      produce = () => {
        const shared = new Date(0);
        return { one: shared, two: shared };
      };
      await item.produced();
      const value = (await item.produced()) as Record<string, unknown>;
      expect(value['one']).to.equal(value['two']);
    });

    it('may be stored with the keys of instances only, for rows that come from elsewhere', async () => {
      const found = [await Item.cache.get(other.id), await Item.cache.get(item.id)] as const;
      const payload = encodeValue({ first: found[0], again: [found[0], found[1]] }, 'W', { instances: 'reference' });
      const references = referencesIn(JSON.parse(JSON.stringify(payload)));
      expect(references.map(([label, , key]) => [label, key])).to.deep.equal([
        ['clipValues.Item', other.id],
        ['clipValues.Item', item.id],
      ]);
      expect(JSON.stringify(payload)).to.not.include('other');
      const decoded = decodeValue(payload, true, [other, item])?.value;
      expect(decoded).to.deep.equal({ first: other, again: [other, item] });
      expect(decodeValue(payload, true, [other, undefined]), 'a row that is gone').to.equal(undefined);
      expect(referencesIn(encodeValue(found[0], 'W'))).to.deep.equal([]);
    });

    it('may be model instances, also among others', async () => {
      produce = async () => ({ rows: [await Item.cache.get(other.id)], when: new Date(0) });
      await item.produced();
      const { rows } = (await item.produced()) as { rows: Item[] };
      expect(rows[0]).to.be.instanceOf(Item);
      expect(rows[0]?.toJSON()).to.deep.equal(other.toJSON());
      expect(rows[0]?.isPersisted).to.equal(true);
      other.name = 'renamed';
      await other.save();
      expect(((await item.produced()) as { rows: Item[] }).rows[0]?.name).to.equal('renamed');
    });

    it('are not shared: what one caller does to his the next one does not see', async () => {
      for (const make of [
        () => ({ list: [1], deep: { a: 1 } }),
        () => ({ list: [1], deep: { a: 1 }, date: new Date(0) }),
      ]) {
        produce = make;
        await moneyclip.of(Item, 'produced').invalidate(item);
        for (let call = 0; call < 3; call += 1) {
          const value = (await item.produced()) as { list: number[]; deep: { a: number } };
          expect(value).to.deep.equal(make());
          value.list.push(2);
          value.deep.a = 2;
        }
        const peeked = (await moneyclip.of(Item, 'produced').peek(item)) as { list: number[] };
        peeked.list.push(3);
        expect(await item.produced()).to.deep.equal(make());
      }
    });

    for (const [what, make] of [
      ['a function', () => () => 1],
      ['a symbol', () => Symbol('x')],
      [
        'a circle',
        () => {
          const value: unknown[] = [];
          value.push(value);
          return value;
        },
      ],
      ['an instance of a class of your own', () => new (class Own {})()],
      ['an object with __proto__ as a name', () => JSON.parse('{"__proto__": 1, "a": 2}') as unknown],
      ['an instance with unsaved changes', () => new Item({ name: 'new' })],
    ] as const) {
      it(`are refused where they cannot be stored: ${what}`, async () => {
        produce = make;
        const error = await rejection(item.produced(), UsageError);
        expect(error.message).to.match(/^clipValues\.Item\.produced: /);
      });
    }

    it('that fail are not stored, and the failure is the caller’s', async () => {
      produce = () => {
        throw new RangeError('fails');
      };
      await rejection(item.produced(), RangeError, 'fails');
      produce = () => 'works';
      expect(await item.produced()).to.equal('works');
    });
  });
});
