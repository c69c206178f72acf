import { expect } from 'chai';
import {
  CachedModel,
  Column,
  MultipleRecordsError,
  PrimaryKey,
  RecordNotFoundError,
  Table,
  type CacheManager,
  type Manager,
  type QuerySet,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { statementsOf } from '../support/recorded-statements.js';
import { rejection } from '../support/rejection.js';

@Table('queries_items', { label: 'queries.Item' })
class Item extends CachedModel {
  declare static objects: Manager<Item>;
  declare static cache: CacheManager<Item>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare name: string;
  @Column({ type: 'integer', nullable: true }) declare size: number | null;
  @Column({ type: 'bigint', nullable: true }) declare big: bigint | null;
  @Column({ type: 'float', nullable: true }) declare weight: number | null;
  @Column({ type: 'decimal', nullable: true }) declare price: string | null;
  @Column({ type: 'datetime', nullable: true }) declare soldAt: Date | null;
  @Column({ type: 'date', nullable: true }) declare day: string | null;
  @Column({ type: 'time', nullable: true }) declare hour: string | null;
  @Column({ type: 'boolean', nullable: true }) declare used: boolean | null;
  @Column({ type: 'uuid', nullable: true }) declare code: string | null;
  @Column({ type: 'binary', nullable: true }) declare bytes: Buffer | null;
  @Column({ type: 'enum', values: ['a', 'b', 'c'], nullable: true }) declare kind: 'a' | 'b' | 'c' | null;
  @Column({ type: 'json', nullable: true }) declare data: unknown;
}

/** Rows `one`, `two` and `three` with rising values in every column, and `none` with nulls. */
const rows = [1, 2, 3].map((n) => ({
  ...{ name: ['one', 'two', 'three'][n - 1] ?? '', size: n * 10, big: BigInt(n) * 2n ** 60n, weight: n + 0.1 },
  ...{ price: `${n * 5}.50`, soldAt: new Date(n * 1000), day: `2024-01-0${n}`, hour: `0${n}:00:00`, used: n > 1 },
  ...{
    code: `00000000-0000-0000-0000-00000000000${n}`,
    bytes: Buffer.from([n]),
    kind: (['a', 'b', 'c'] as const)[n - 1] ?? 'a',
  },
  ...{ data: { n } },
}));

const comparable = ['size', 'big', 'weight', 'price', 'soldAt', 'day', 'hour', 'code', 'kind', 'bytes'] as const;

async function names(items: QuerySet<Item>): Promise<string[]> {
  return (await items.orderBy('id').all()).map(({ name }) => name);
}

forEachCombination((combination) => {
  describe('query sets', () => {
    connected(combination, [Item]);

    beforeEach(() => Item.objects.bulkCreate([...rows, { name: 'none' }]));

    describe('lookups', () => {
      for (const column of comparable) {
        it(`compare ${column} columns`, async () => {
          const [low, middle, high] = rows.map((row) => row[column]);
          const matching = (lookup: string, value: unknown): Promise<string[]> =>
            names(Item.objects.filter({ [`${column}${lookup}`]: value })); // as many columns as lookups: not typed here
          expect(await matching('', middle), 'equality').to.deep.equal(['two']);
          expect(await matching('__exact', middle), 'exact').to.deep.equal(['two']);
          expect(await matching('__gt', middle), 'gt').to.deep.equal(['three']);
          expect(await matching('__gte', middle), 'gte').to.deep.equal(['two', 'three']);
          expect(await matching('__lt', middle), 'lt').to.deep.equal(['one']);
          expect(await matching('__lte', middle), 'lte').to.deep.equal(['one', 'two']);
          expect(await matching('__range', [low, middle]), 'range').to.deep.equal(['one', 'two']);
          expect(await matching('__in', [low, high]), 'in').to.deep.equal(['one', 'three']);
          expect(await matching('__isnull', true), 'isnull').to.deep.equal(['none']);
          expect(await matching('__isnull', false), 'isnull').to.deep.equal(['one', 'two', 'three']);
          expect(await matching('', null), 'null').to.deep.equal(['none']);
          expect(await matching('__exact', null), 'null').to.deep.equal(['none']);
        });
      }

      it('compare booleans, and ask JSON for null', async () => {
        expect(await names(Item.objects.filter({ used: true }))).to.deep.equal(['two', 'three']);
        expect(await names(Item.objects.filter({ used: false }))).to.deep.equal(['one']);
        expect(await names(Item.objects.filter({ used__in: [false, true] }))).to.deep.equal(['one', 'two', 'three']);
        expect(await names(Item.objects.filter({ data: null }))).to.deep.equal(['none']);
        expect(await names(Item.objects.filter({ data__isnull: false }))).to.deep.equal(['one', 'two', 'three']);
      });

      it('all hold at once', async () => {
        expect(await names(Item.objects.filter({ size__gte: 10, weight__lt: 3 }))).to.deep.equal(['one', 'two']);
        expect(await names(Item.objects.filter({ size__gte: 20 }).filter({ size__lt: 30 }))).to.deep.equal(['two']);
        expect(await names(Item.objects.filter({}))).to.deep.equal(['one', 'two', 'three', 'none']);
      });

      it('take no value, and very many values', async () => {
        expect(await Item.objects.filter({ size__in: [] }).all()).to.deep.equal([]);
        expect(await names(Item.objects.exclude({ size__in: [] }))).to.have.length(4);
        const numbers = Array.from({ length: 20_000 }, (_, n) => n);
        expect(await names(Item.objects.filter({ size__in: numbers }))).to.deep.equal(['one', 'two', 'three']);
        const bigs = Array.from({ length: 70_000 }, (_, n) => 2n ** 60n + BigInt(n));
        expect(await names(Item.objects.filter({ big__in: bigs }))).to.deep.equal(['one']);
        const texts = numbers.map((n) => `"${n}'`);
        expect(await names(Item.objects.filter({ name__in: [...texts, 'two'] }))).to.deep.equal(['two']);
      });

      it('find floats exactly, also many and infinite ones', async () => {
        const floats = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, Infinity, -Infinity, 1 / 3];
        await Item.objects.bulkCreate(floats.map((weight) => ({ name: String(weight), weight })));
        const found = await names(Item.objects.filter({ weight__in: floats }));
        expect(found).to.deep.equal(floats.map(String));
      });
    });

    describe('exclude', () => {
      it('keeps rows for which the condition is not true, also because of a null', async () => {
        expect(await names(Item.objects.exclude({ size: 10 }))).to.deep.equal(['two', 'three', 'none']);
        expect(await names(Item.objects.exclude({ size__gt: 10 }))).to.deep.equal(['one', 'none']);
        expect(await names(Item.objects.exclude({ size: null }))).to.deep.equal(['one', 'two', 'three']);
        expect(await names(Item.objects.exclude({ size__gte: 10, used: true }))).to.deep.equal(['one', 'none']);
        expect(await names(Item.objects.exclude({ size: 10 }).exclude({ used: true }))).to.deep.equal(['none']);
        expect(await names(Item.objects.exclude({}))).to.deep.equal([]);
      });
    });

    describe('order', () => {
      it('counts nulls as the largest values, on every database', async () => {
        for (const column of [...comparable, 'used'] as const) {
          const up = (await Item.objects.orderBy(column, 'id').all()).map(({ name }) => name);
          const down = (await Item.objects.orderBy(`-${column}`, '-id').all()).map(({ name }) => name);
          expect(up, column).to.deep.equal(['one', 'two', 'three', 'none']);
          expect(down, column).to.deep.equal(['none', 'three', 'two', 'one']);
        }
      });

      it('goes by several columns, the first name first, and the last call holds', async () => {
        const ordered = Item.objects.orderBy('size').orderBy('used', '-size');
        expect((await ordered.all()).map(({ name }) => name)).to.deep.equal(['one', 'three', 'two', 'none']);
      });
    });

    describe('limit and offset', () => {
      it('cut the rows, also where they are counted', async () => {
        const ordered = Item.objects.orderBy('id');
        const at = async (items: QuerySet<Item>): Promise<string[]> => (await items.all()).map(({ name }) => name);
        expect(await at(ordered.limit(2))).to.deep.equal(['one', 'two']);
        expect(await at(ordered.offset(3))).to.deep.equal(['none']);
        expect(await at(ordered.limit(2).offset(1))).to.deep.equal(['two', 'three']);
        expect(await at(ordered.limit(0))).to.deep.equal([]);
        expect(await ordered.limit(3).count()).to.equal(3);
        expect(await ordered.offset(3).count()).to.equal(1);
        expect([await ordered.limit(0).exists(), await ordered.offset(4).exists()]).to.deep.equal([false, false]);
        expect(await ordered.offset(1).first()).to.include({ name: 'two' });
        expect(await ordered.limit(0).first()).to.equal(undefined);
      });

      it('hold for updates and deletes too', async () => {
        expect(await Item.objects.orderBy('-id').limit(2).update({ kind: 'a' })).to.equal(2);
        expect(await names(Item.objects.filter({ kind: 'a' }))).to.deep.equal(['one', 'three', 'none']);
        expect(await Item.objects.orderBy('id').limit(1).delete()).to.equal(1);
        expect(await names(Item.objects)).to.deep.equal(['two', 'three', 'none']);
      });
    });

    describe('verbs', () => {
      it('answer all rows, the first, the only one, their number, and whether there are any', async () => {
        expect(await Item.objects.all()).to.have.length(4);
        expect(await Item.objects.first()).to.include({ name: 'one' });
        expect(await Item.objects.filter({ size__gt: 99 }).first()).to.equal(undefined);
        expect(await Item.objects.get({ name: 'two' })).to.include({ size: 20 });
        expect(await Item.objects.filter({ name: 'two' }).get()).to.include({ size: 20 });
        expect(await Item.objects.filter({ size__gte: 20 }).count()).to.equal(2);
        expect(await Item.objects.filter({ size__gte: 20 }).exists()).to.equal(true);
        expect(await Item.objects.filter({ size__gt: 99 }).exists()).to.equal(false);
      });

      it('get throws unless there is exactly one row', async () => {
        const none = await rejection(
          Item.objects.get({ size: 99 }),
          RecordNotFoundError,
          'queries.Item: no row matches',
        );
        expect(none).to.include({ code: 'RECORD_NOT_FOUND', model: 'queries.Item' });
        const message = 'queries.Item: more than one row matches; narrow the filter, or use first()';
        const many = await rejection(Item.objects.get({ size__gte: 20 }), MultipleRecordsError, message);
        expect(many).to.include({ code: 'MULTIPLE_RECORDS', model: 'queries.Item' });
      });

      it('update sets columns of every row, answers how many, and corrects the cache', async () => {
        const all = await Item.objects.orderBy('id').all();
        for (const { id } of all) await Item.cache.get(id);
        expect(
          await Item.objects.filter({ size__gte: 20 }).update({ kind: 'a', data: { set: true }, used: null }),
        ).to.equal(2);
        expect(await Item.objects.filter({ size: 99 }).update({ kind: 'b' })).to.equal(0);
        const cached = await Item.cache.getMany(all.map(({ id }) => id));
        expect(cached.map((item) => item?.kind)).to.deep.equal(['a', 'a', 'a', null]);
        expect(cached.map((item) => item?.used)).to.deep.equal([false, null, null, null]);
        expect(cached[2]?.data).to.deep.equal({ set: true });
      });

      it('delete removes every row, answers how many, and corrects the cache', async () => {
        const all = await Item.objects.orderBy('id').all();
        for (const { id } of all) await Item.cache.get(id);
        expect(await Item.objects.exclude({ size: 10 }).delete()).to.equal(3);
        expect(await Item.objects.filter({ size: 99 }).delete()).to.equal(0);
        const cached = await Item.cache.getMany(all.map(({ id }) => id));
        expect(cached.map((item) => item?.name)).to.deep.equal(['one', undefined, undefined, undefined]);
      });

      it('send nothing before one is called, one statement then, and never change the query set', async () => {
        const items = Item.objects.filter({ size__gte: 20 });
        expect(
          await statementsOf(async () => void items.exclude({ used: true }).orderBy('name').limit(1)),
        ).to.deep.equal([]);
        expect(await statementsOf(() => items.all())).to.have.length(1);
        expect(await names(items)).to.deep.equal(['two', 'three']);
        expect('then' in items).to.equal(false);
      });

      it('never put a value into the text of a statement', async () => {
        const hostile = `x'; DROP TABLE queries_items; --`;
        const texts = await statementsOf(() => Item.objects.filter({ name: hostile, size__in: [42] }).all());
        expect(texts.join()).not.to.match(/DROP|42/);
        expect(await Item.objects.count()).to.equal(4);
      });
    });
  });

  describe('bulkCreate', () => {
    connected(combination, [Item]);

    it('stores a thousand rows in few statements, and answers their instances in order', async () => {
      const values = Array.from({ length: 1000 }, (_, n) => ({ name: `n${n}`, ...(n % 3 === 0 && { size: n }) }));
      let created: Item[] = [];
      const texts = await statementsOf(async () => {
        created = await Item.objects.bulkCreate(values);
      });
      expect(texts.filter((text) => text.startsWith('INSERT')).length).to.be.at.most(4);
      expect(created.map(({ name }) => name)).to.deep.equal(values.map(({ name }) => name));
      expect(created.every((item) => item.isPersisted)).to.equal(true);
      const stored = await Item.cache.getMany(created.map(({ id }) => id));
      expect(stored.map((item) => item?.toJSON())).to.deep.equal(created.map((item) => item.toJSON()));
    });

    it('makes a remembered "no such row" outdated', async () => {
      expect(await Item.cache.find(777)).to.equal(undefined);
      await Item.objects.bulkCreate([{ id: 777, name: 'now' }]);
      expect((await Item.cache.get(777)).name).to.equal('now');
      await Item.objects.filter({ id: 777 }).delete();
      expect(await Item.cache.find(777)).to.equal(undefined);
      const many = Array.from({ length: 600 }, (_, n) => ({ id: 777 + n, name: 'x' }));
      await Item.objects.bulkCreate(many);
      expect((await Item.cache.get(777)).name).to.equal('x');
    });

    it('stores all or nothing', async () => {
      const values = [{ id: 1, name: 'a' }, { name: 'b' }, { id: 1, name: 'c' }];
      await rejection(Item.objects.bulkCreate(values), Error);
      expect(await Item.objects.count()).to.equal(0);
    });

    it('of nothing is nothing', async () => {
      expect(await statementsOf(() => Item.objects.bulkCreate([]))).to.deep.equal([]);
    });
  });
});
