import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'chai';
import { after, afterEach, beforeEach, describe, it } from 'mocha';
import {
  cached,
  CachedModel,
  CacheNode,
  Column,
  connect,
  MemoryStore,
  moneyclip,
  Node,
  PrimaryKey,
  Table,
  transaction,
  type CacheManager,
  type Database,
  type FunctionWatch,
  type Manager,
} from '../../src/index.js';
import { CountingStore, FakeClock } from '../../src/testing/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Article, Runs } from '../support/article-models.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';
import { until } from '../support/until.js';
import { warnings } from '../support/warnings.js';

const runs = new Runs();

@Table('job_accounts', { label: 'jobs.Account' })
class Account extends CachedModel {
  declare static objects: Manager<Account>;
  declare static cache: CacheManager<Account>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;

  @moneyclip({ watch: [[() => Account, (account: Account) => [account]]], repopulate: { after: '5s' } })
  async badge(): Promise<string> {
    return `${this.name} ${runs.note('badge')}`;
  }
}

let fails = 0;
let failedAt: number[] = [];
const count = cached(
  'jobs.count',
  async (category: number) => {
    if (fails > 0) {
      fails -= 1;
      failedAt.push(clock.now());
      throw new Error('not now');
    }
    return `${runs.note(`count ${category}`)}: ${await Article.objects.filter({ category }).count()}`;
  },
  {
    watch: [[Article, ({ category }: Article) => [category]]],
    repopulate: { after: '5s' },
  },
);
const byHand = cached('jobs.by-hand', async (id: number) => runs.note(`by hand ${id}`), { ttl: '1h' });
const stale = cached('jobs.stale', async () => runs.note('stale'), { stale: true });

@Node('jobs.node')
class Total extends CacheNode<{ category: number }, number> {
  static readonly fields = ['category'];
  static readonly watch: readonly FunctionWatch[] = [[Article, ({ category }: Article) => ({ category })]];
  static readonly repopulate = { after: '5s' };

  override async load(): Promise<number> {
    return runs.note(`node ${this.fields.category}`);
  }
}

const clock = new FakeClock(Date.now());

describe('background jobs in the process that asks for them', () => {
  after(() => [count, byHand, stale, Total].forEach((one) => one.undeclare()));

  forEachCombination((combination) => {
    const db = connected(combination, [Article, Account], { clock });
    const pass = (ms: number): Promise<void> => passed(db(), ms);
    beforeEach(() => {
      runs.reset();
      fails = 0;
    });
    afterEach(() => pass(5_000));

    it('compute what a write dropped once, after the time that repopulate says', async () => {
      expect(await count(1)).to.equal('1: 0');
      await Article.create({ title: 'a', category: 1 });
      expect(await count.peek(1), 'dropped by the write').to.equal(undefined);
      await pass(3_000);
      await Article.create({ title: 'b', category: 1 });
      await pass(1_900);
      expect(runs.of('count 1')).to.equal(1);
      await pass(200);
      await until(async () => (await count.peek(1)) === '2: 2');
      await pass(3_000);
      expect(runs.of('count 1'), 'one computation for two writes').to.equal(2);
    });

    it('do nothing where a reader was there first', async () => {
      await count(1);
      await Article.create({ title: 'a', category: 1 });
      expect(await count(1)).to.equal('2: 1');
      await pass(5_000);
      await pass(5_000);
      expect(runs.of('count 1')).to.equal(2);
    });

    it('are forgotten with a transaction that is rolled back, and count from the commit of others', async () => {
      await count(1);
      await byHand(1);
      const failed = transaction(async () => {
        await Article.create({ title: 'a', category: 1 });
        await byHand.refreshLater([1]);
        throw new Error('rolled back');
      });
      await rejection(failed, Error, 'rolled back');
      await pass(10_000);
      expect([await count.peek(1), await byHand.peek(1)]).to.deep.equal(['1: 0', 1]);
      await transaction(async () => {
        await byHand.refreshLater([1]);
        await byHand.invalidateLater([2], { after: '5s' });
        await pass(5_000);
        expect(runs.of('by hand 1')).to.equal(1);
      });
      expect(await byHand.peek(1)).to.equal(2);
    });

    it('are there for methods and nodes too', async () => {
      const ann = await Account.create({ name: 'ann' });
      await pass(5_000);
      await until(async () => (await moneyclip.of(Account, 'badge').peek(ann)) === 'ann 1');
      const total = new Total({ category: 1 });
      expect(await total.get()).to.equal(1);
      ann.name = 'bob';
      await ann.save();
      await Article.create({ title: 'a', category: 1 });
      expect(await total.peek()).to.equal(undefined);
      await pass(5_000);
      await until(async () => (await moneyclip.of(Account, 'badge').peek(ann)) === 'bob 2');
      await until(async () => (await total.peek()) === 2);
      await total.refreshLater({ after: '1s' });
      await moneyclip.of(Account, 'badge').refreshLater([ann], { after: 1000 });
      expect([await total.peek(), await moneyclip.of(Account, 'badge').peek(ann)]).to.deep.equal([
        undefined,
        undefined,
      ]);
      await pass(1_000);
      await until(async () => (await total.peek()) === 3);
      await until(async () => (await moneyclip.of(Account, 'badge').peek(ann)) === 'bob 3');
    });

    it('drop a value after a while, each time it was asked for; until then it is served', async () => {
      expect(await byHand(1)).to.equal(1);
      await byHand.invalidateLater([1], { after: '5s' });
      await pass(3_000);
      await byHand.invalidateLater([1], { after: '5s' });
      expect(await byHand(1)).to.equal(1);
      await pass(2_000);
      await until(async () => (await byHand.peek(1)) === undefined);
      expect(await byHand(1)).to.equal(2);
      await pass(3_000);
      await until(async () => (await byHand.peek(1)) === undefined);
    });

    it('let nobody see an old value meanwhile, unless stale says so', async () => {
      expect([await byHand(1), await stale()]).to.deep.equal([1, 1]);
      await byHand.refreshLater([1], { after: '5s' });
      await stale.refreshLater([], { after: '5s' });
      expect([await byHand(1), await stale()]).to.deep.equal([2, 1]);
    });
  });

  it('are tried again after waits that grow, and given up in the end, which is said once', async () => {
    const said = warnings('jobs.count');
    const db = await connect({ database: 'sqlite::memory:', clock });
    await db.createTables([Article]);
    runs.reset();
    await count(1);
    fails = 2;
    await count.refreshLater([1], { after: '1s' });
    while ((await count.peek(1)) !== '2: 0') await passed(db, 500);
    fails = 100;
    for (const gone of [3, 6]) {
      failedAt = [];
      await count.refreshLater([1], { after: '1s' });
      while (fails > 100 - gone) await passed(db, 500);
      for (let left = 0; left < 50; left += 1) await passed(db, 1_000);
      expect(fails).to.equal(100 - gone);
      expect(failedAt.slice(1).map((at, index) => at - (failedAt[index] ?? 0))).to.deep.equal([1_000, 2_000]);
    }
    fails = 0;
    await db.close();
    expect(said.end()).to.deep.equal([
      'jobs.count: a background job failed, so the next reader computes the value: not now',
    ]);
  });

  it('drop at once what was to be dropped later when the connection is closed, and forget what was to be refreshed', async () => {
    const store = new CountingStore(new MemoryStore({ clock }));
    const db = await connect({ database: 'sqlite::memory:', cache: store, clock });
    await byHand(1);
    await byHand(2);
    await byHand.invalidateLater([1], { after: '5s' });
    await byHand.refreshLater([2], { after: '5s' });
    runs.reset();
    store.reset();
    await db.close();
    expect(store.keys.drop).to.equal(1);
    expect(clock.scheduled).to.equal(0);
    await clock.advanceAndSettle(10_000);
    expect(runs.of('by hand 2')).to.equal(0);
  });

  it('belong to the tenant who asked', async () => {
    const tenant = new AsyncLocalStorage<string>();
    const db = await connect({ database: 'sqlite::memory:', clock, prefix: () => tenant.getStore() ?? 'none:' });
    const peek = (): Promise<number | undefined> => byHand.peek(1);
    await tenant.run('a:', () => byHand(1));
    await tenant.run('b:', async () => {
      await byHand(1);
      await byHand.invalidateLater([1], { after: '5s' });
    });
    await clock.advanceAndSettle(5_000);
    expect([await tenant.run('a:', peek), await tenant.run('b:', peek)]).to.deep.equal([1, undefined]);
    await db.close();
  });
});

/** Lets time pass, when what is under way has reached the store: the deadlines of that one go by the same clock. */
async function passed(db: Database, ms: number): Promise<void> {
  await db.cache.set('quiet', 1, { ttl: '1h' });
  await clock.advanceAndSettle(ms);
  await db.cache.set('quiet', 1, { ttl: '1h' });
}
