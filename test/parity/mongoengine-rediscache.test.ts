import { expect } from 'chai';
import { after, beforeEach, describe, it } from 'mocha';
import {
  cached,
  CachedForeignKey,
  CachedList,
  CachedModel,
  Column,
  connect,
  PrimaryKey,
  Table,
  type CacheManager,
  type Manager,
  type Related,
} from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Runs } from '../support/article-models.js';
import { counted } from '../support/counted.js';

/* The models of its readme: TestModelObj, TestModelList and TestModelRef. */

const runs = new Runs();

@Table('rediscache_objs', { label: 'rediscache.Obj' })
class Obj extends CachedModel {
  declare static objects: Manager<Obj>;
  declare static cache: CacheManager<Obj>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true, default: 0 }) declare num: number;
  @Column({ type: 'string', maxLength: 255, unique: true }) declare name: string;
  @Column({ type: 'integer', default: 0, volatile: true }) declare seen: number;
}

@Table('rediscache_lists', { label: 'rediscache.List' })
class List extends CachedModel {
  declare static objects: Manager<List>;
  declare static cache: CacheManager<List>;
  @PrimaryKey() declare id: number;
  @CachedList(() => Obj) declare models: Related<Obj[]>;
  declare modelIds: number[];
}

@Table('rediscache_refs', { label: 'rediscache.Ref' })
class Ref extends CachedModel {
  declare static objects: Manager<Ref>;
  declare static cache: CacheManager<Ref>;
  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Obj) declare model: Related<Obj>;
  declare modelId: number;
}

const models = [Obj, List, Ref] as const;
const scheme = {
  'rediscache.Obj': {
    ops: ['count', 'fetch', 'reference', 'get', 'listReference'],
    ttl: { count: '1m', fetch: '10m', reference: '1h', get: '1h', listReference: '1h' },
  },
} as const;

const squares = cached('parity.squares', async (num: number) => squareOf(num), { ttl: '10s' });

function squareOf(num: number): number {
  runs.note(`square ${num}`);
  return num * num;
}

describe('a user of mongoengine_rediscache finds', () => {
  after(() => squares.undeclare());

  forEachCombination((combination) => {
    const clock = new FakeClock();
    const current = counted(combination, models, { policies: scheme, clock, keys: 'readable' });
    beforeEach(async () => {
      runs.reset();
      await Obj.objects.bulkCreate([1, 2, 3].map((id) => ({ id, num: id % 2, name: `n${id}` })));
      await Obj.cache.find(0); // notices whatever the set-up did
    });
    const sql = async (task: () => Promise<unknown>): Promise<number> => (await current().costOf(task)).sql;
    const again = async (task: () => Promise<unknown>): Promise<number> => {
      await task();
      return sql(task);
    };

    it('scheme per model: request kinds count, list, reference, get, list_reference, a timeout each or all', async () => {
      const odd = Obj.objects.filter({ num: 1 });
      expect([await again(() => odd.count()), await again(() => odd.all())]).to.deep.equal([0, 0]);
      expect(await again(() => Obj.objects.get({ name: 'n1' }))).to.equal(0);
      expect(await again(() => odd.exists()), 'a kind that is not there').to.equal(1);
      clock.advance(90_000);
      expect([await sql(() => odd.count()), await sql(() => odd.all())]).to.deep.equal([1, 0]);
    });

    it('keyhashed readable or hashed keys', async () => {
      await Obj.cache.get(1);
      const { redis, prefix } = current();
      if (redis) expect(await redis.keys(`${prefix}row:rediscache.Obj:*:1`)).to.have.length(1);
      const hashed = await connect({ database: 'sqlite::memory:', name: 'hashed', keys: 'hashed' });
      await hashed.close();
    });

    it('CachedQuerySet.cache, count(), get()', async () => {
      const rows = Obj.objects.filter({ num__lt: 500_000 }).orderBy('-num', 'id').cache({ ttl: '5m' });
      expect([await again(() => rows.all()), await again(() => rows.count())]).to.deep.equal([0, 0]);
      expect(await again(() => Obj.objects.cache().get({ id: 2 }))).to.equal(0);
    });

    it("a list entry stores ids and fetches rows from their own entries; a get by another field points at the row's own entry", async () => {
      const list = Obj.objects.filter({ num: 1 }).orderBy('id');
      expect((await list.all()).map(({ seen }) => seen)).to.deep.equal([0, 0]);
      expect(await sql(() => Obj.cache.getMany([1, 3])), 'the list has loaded them').to.equal(0);
      await Obj.objects.filter({ id: 1 }).update({ seen: 5 });
      expect((await Obj.cache.get({ name: 'n1' })).seen).to.equal(5);
      expect(
        await sql(async () => expect((await list.all())[0]?.seen).to.equal(5)),
        'ids, and rows of their own',
      ).to.equal(0);
    });

    it('ReferenceFieldCached, ListFieldCached(ReferenceField)', async () => {
      const ref = await Ref.create({ modelId: 1 });
      const list = await List.create({ modelIds: [3, 1, 2] });
      const names = async (): Promise<string[]> => {
        const [one, many] = [await Ref.cache.get(ref.id), await List.cache.get(list.id)];
        return [await one.model, ...(await many.models)].map(({ name }) => name);
      };
      expect(await names()).to.deep.equal(['n1', 'n3', 'n1', 'n2']);
      expect(await sql(names)).to.equal(0);
      await Obj.objects.filter({ id: 1 }).update({ name: 'new' });
      expect(await names()).to.deep.equal(['new', 'n3', 'new', 'n2']);
    });

    it("update(), update_one(), delete() on a query set change the collection's version: here row by row", async () => {
      const counts = (): Promise<number[]> => Promise.all([0, 1].map((num) => Obj.objects.filter({ num }).count()));
      expect(await counts()).to.deep.equal([1, 2]);
      await Obj.objects.filter({ id: 2 }).update({ name: 'other' });
      expect(await sql(counts), 'nothing that they count by').to.equal(0);
      await Obj.objects.filter({ id: 3 }).update({ num: 7 });
      expect(await sql(async () => expect(await counts()).to.deep.equal([1, 1]))).to.equal(1);
      await Obj.objects.filter({ num: 0 }).delete();
      expect(await counts()).to.deep.equal([0, 1]);
    });

    it('cached(extra, timeout) for functions; install_signals: nothing to install', async () => {
      expect([await squares(3), await squares(3), runs.of('square 3')]).to.deep.equal([9, 9, 1]);
      clock.advance(12_000);
      expect([await squares(3), runs.of('square 3')]).to.deep.equal([9, 2]);
    });
  });

  it('used: False switches all off', async () => {
    const db = await connect({ database: 'sqlite::memory:', enabled: false, policies: scheme });
    await db.createTables(models);
    await Obj.create({ id: 1, name: 'n1' });
    const { statements } = db.stats();
    for (let turn = 0; turn < 3; turn += 1) await Obj.cache.get(1);
    expect(db.stats().statements - statements).to.equal(3);
    await db.close();
  });
});
