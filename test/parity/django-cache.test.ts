import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, beforeEach, describe, it } from 'mocha';
import { cached, cacheOf, connect } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Article, Runs, Topic } from '../support/article-models.js';
import { connected } from '../support/connected.js';
import { lockedByBoth } from '../support/two-sides.js';
import { until } from '../support/until.js';

const runs = new Runs();
const minute = 60_000;

/* The functions of its readme, without a read that this library could see: what `watch` says does it alone. */
const allFoos = cached('parity.all-foos', async () => runs.note('all'), { watch: [Article] });
const filtered = cached(
  'parity.filtered-foos',
  async ({ category, year }: { category?: number; year?: number }) => runs.note(`filtered ${category} ${year}`),
  {
    ttl: '1d',
    softTtl: '1m',
    lock: { waitMs: 1000, pollMs: 100 },
    watch: [
      [Article, ({ category, year }: Article) => ({ category, year }), { when: ({ published }: Article) => published }],
    ],
  },
);
const nested = cached('parity.nested', async () => `${await allFoos()} of ${await filtered({ category: 1 })}`);

describe('a user of django-cache finds', () => {
  after(() => [allFoos, filtered, nested].forEach((one) => one.undeclare()));

  forEachCombination((combination) => {
    const db = connected(combination, [Article, Topic]);
    beforeEach(() => runs.reset());

    it('get_cache(label, …), save_cache, clear_all, invalidate_cache(old, new), invalidate_all_cache', async () => {
      const worker = cacheOf<[{ category?: number; year?: number }], number>('parity.filtered-foos');
      expect([await worker({ category: 1 }), await worker({ category: 1 })]).to.deep.equal([1, 1]);
      expect(await worker.refresh({ category: 1 })).to.equal(2);
      await worker.invalidate({ category: 1 });
      expect(await worker({ category: 1 })).to.equal(3);
      await worker.invalidateMatching({ category: 1, year: 2020 });
      expect(await worker({ category: 1 })).to.equal(4);
      await worker.clear();
      expect(await worker({ category: 1 })).to.equal(5);
      await worker.invalidateAll();
      expect(await worker({ category: 1 })).to.equal(6);
      await worker.set([{ category: 1 }], 50);
      expect(await worker({ category: 1 })).to.equal(50);
    });

    it('cached_entity: the value with its facts', async () => {
      await filtered({ category: 1, year: 2020 });
      const entry = await filtered.entry({ category: 1, year: 2020 });
      expect(entry?.value).to.equal(1);
      expect(Number(entry?.softExpiresAt)).to.be.lessThan(Number(entry?.expiresAt));
    });

    it('automatic invalidation on create, bulk create, update, bulk update, delete, bulk delete', async () => {
      const read = async (): Promise<number[]> => [await allFoos(), await filtered({ category: 1, year: 2020 })];
      expect(await read()).to.deep.equal([1, 1]);
      const article = await Article.create({ title: 'a', category: 1, year: 2020 });
      expect(await read()).to.deep.equal([2, 2]);
      await Article.objects.bulkCreate([{ title: 'b', category: 1, year: 2020 }]);
      expect(await read()).to.deep.equal([3, 3]);
      article.title = 'c';
      await article.save();
      expect(await read()).to.deep.equal([4, 4]);
      await Article.objects.filter({ category: 1 }).update({ title: 'd' });
      expect(await read()).to.deep.equal([5, 5]);
      await article.delete();
      expect(await read()).to.deep.equal([6, 6]);
      await Article.objects.delete();
      expect(await read()).to.deep.equal([7, 7]);
    });

    it('only entries whose arguments match the old or new attributes, and a missing argument matches any', async () => {
      const calls = [{ category: 1, year: 2020 }, { category: 2, year: 2020 }, { category: 1 }, {}];
      const read = (): Promise<number[]> => Promise.all(calls.map((call) => filtered(call)));
      expect(await read()).to.deep.equal([1, 1, 1, 1]);
      const article = await Article.create({ title: 'a', category: 1, year: 2020 });
      expect(await read()).to.deep.equal([2, 1, 2, 2]);
      article.category = 2;
      await article.save();
      expect(await read()).to.deep.equal([3, 2, 3, 3]);
    });

    it('is_invalidate, as when', async () => {
      await filtered({ category: 1 });
      await Article.create({ title: 'a', category: 1, published: false });
      expect(await filtered({ category: 1 })).to.equal(1);
    });

    it('CreatedCache rows: label, arguments, created, expires, relevant until; an invalidate action', async () => {
      await filtered({ category: 1, year: 2020 });
      await filtered({ category: 2, year: 2020 });
      const query = { label: 'parity.filtered-foos', where: { category: 1 } };
      const [listed] = (await db().entries(query)).entries;
      expect(listed?.args).to.deep.equal([{ category: 1, year: 2020 }]);
      expect(Number(listed?.softExpiresAt)).to.be.within(Number(listed?.createdAt), Number(listed?.expiresAt));
      await cacheOf(listed?.label ?? '').invalidate(...(listed?.args ?? []));
      expect((await db().entries(query)).entries).to.deep.equal([]);
      expect((await db().entries({ label: 'parity.filtered-foos' })).entries).to.have.length(1);
    });

    it('delay_invalidation, delay_countdown: dropped and refreshed later, in the background', async () => {
      await filtered({ category: 1 });
      await filtered.invalidateLater([{ category: 1 }], { after: 20 });
      expect(await filtered.peek({ category: 1 })).to.equal(1);
      await until(async () => (await filtered.peek({ category: 1 })) === undefined);
      await filtered.refreshLater([{ category: 1 }], { after: 20 });
      await until(async () => (await filtered.peek({ category: 1 })) === 2);
    });

    it('nested caches, by dependency tracking', async () => {
      expect(await nested()).to.equal('1 of 1');
      await Article.create({ title: 'a', category: 1 });
      expect(await nested()).to.equal('2 of 2');
    });
  });

  describe('beside one database', () => {
    beforeEach(() => runs.reset());

    it('CacheWorker(label, structure_getter, timeout, key_gen), in code', async () => {
      const clock = new FakeClock();
      const db = await connect({ database: 'sqlite::memory:', clock });
      const worker = cached('parity.worker', async (name: string) => runs.note(name), {
        key: (name) => name.toLowerCase(),
        ttl: '10m',
      });
      expect([await worker('Ann'), await worker('ANN'), await worker('bob')]).to.deep.equal([1, 1, 1]);
      expect(worker.key('Ann')).to.equal('parity.worker("ann")');
      clock.advance(8 * minute);
      expect(await worker('Ann')).to.equal(1);
      clock.advance(4 * minute);
      expect(await worker('Ann')).to.equal(2);
      worker.undeclare();
      await db.close();
    });

    // NOTE: in a process of its own, since mocha loads this library in another way than an import in it would
    it('CacheWorker(…) in the settings, by import path', async () => {
      const program = ['--import', 'tsx', 'test/features/fixtures/main.ts'];
      const { stdout } = await promisify(execFile)(process.execPath, program);
      expect(stdout).to.equal('price of 5\n6\nprice of 7');
    }).timeout(60_000);

    it('relevance_invalidation, relevance_timeout: checked on read and by a periodic task', async () => {
      const clock = new FakeClock(Date.now());
      const db = await connect({ database: 'sqlite::memory:', clock });
      const options = { ttl: '1d', softTtl: '1m' } as const;
      const read = cached('parity.relevant', async () => runs.note('relevant'), options);
      const swept = cached('parity.swept', async () => runs.note('swept'), { ...options, sweep: true });
      expect([await read(), await swept()]).to.deep.equal([1, 1]);
      await clock.advanceAndSettle(50_000);
      expect([(await read.entry())?.stale, await read(), runs.of('relevant')]).to.deep.equal([false, 1, 1]);
      await clock.advanceAndSettle(2 * minute);
      expect((await read.entry())?.stale, 'past its soft life').to.equal(true);
      expect(await read(), 'the first reader still gets it').to.equal(1);
      await until(async () => (await read.peek()) === 2);
      await until(async () => (await swept.peek()) !== 1);
      expect(runs.of('relevant'), 'once').to.equal(2);
      for (const one of [read, swept]) one.undeclare();
      await db.close();
    });

    it('tick_amount, tick: concurrent readers wait for the one that computes, across processes', async () => {
      expect(await lockedByBoth('parity.ticking')).to.deep.equal([1, 1]);
    });
  });
});
