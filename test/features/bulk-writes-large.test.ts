import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import {
  CachedModel,
  Column,
  connect,
  F,
  PrimaryKey,
  Table,
  transaction,
  type CacheManager,
  type Database,
  type Manager,
} from '../../src/index.js';
import type { InvalidationEvent } from '../../src/telemetry/channels.js';
import { forEachCombination } from '../setup/combinations.js';

const many = 100_000;
/** As the guide to writes says: more rows are told as their table. */
const mostTold = 500;
const mostStamps = 3;

@Table('large_rows', { label: 'large.Row' })
class Row extends CachedModel {
  declare static objects: Manager<Row>;
  declare static cache: CacheManager<Row>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare shelf: number;
  @Column({ type: 'integer', default: 0 }) declare views: number;
}

@Table('large_others', { label: 'large.Other' })
class Other extends CachedModel {
  declare static objects: Manager<Other>;
  declare static cache: CacheManager<Other>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare shelf: number;
}

const keys = Array.from({ length: many }, (_, index) => index + 1);

/** Everything of a few rows that may be cached, with and without the cache. */
async function seen(isCached: boolean): Promise<unknown> {
  const rows = isCached ? Row.objects.cache() : Row.objects.noCache();
  const one = (id: number): Promise<Row | undefined> => (isCached ? Row.cache.find(id) : rows.filter({ id }).first());
  return JSON.parse(
    JSON.stringify([
      await Promise.all([1, 77_777, many].map(async (id) => (await one(id)) ?? null)),
      await rows.count(),
      await rows.filter({ shelf: 3 }).count(),
      await rows.filter({ shelf: 3, views__gt: 0 }).orderBy('id').limit(3).all(),
      await rows
        .filter({ id__in: [5, many] })
        .orderBy('id')
        .all(),
      await rows.filter({ id__in: keys }).count(),
    ]),
  );
}

forEachCombination((combination) => {
  // Two of the combinations have all of this code between them, and each takes its time.
  const isOne = combination.database === 'sqlite' ? combination.cache === 'memory' : combination.cache === 'redis';
  if (combination.database === 'sqlite-memory' || !isOne) return;
  describe(`writes of ${many} rows`, function () {
    this.timeout(120_000);
    let db: Database;

    before(async () => {
      const [database, cache] = await Promise.all([combination.databaseUrl(), combination.cacheUrl()]);
      db = await connect({ database, cache, prefix: combination.freshPrefix() });
      await db.createTables([Row, Other]);
      await Other.create({ id: 1, shelf: 3 });
    });
    after(() => db.close());

    /** Runs a write between cached reads, which must be right before and after it; answers how many stamps it dropped at most in one go. */
    async function stampsOf(write: () => Promise<unknown>): Promise<number> {
      await seen(true);
      expect(await seen(true), 'warm').to.deep.equal(await seen(false));
      let most = 0;
      const note = (event: unknown): void => {
        most = Math.max(most, (event as InvalidationEvent).stamps.length); // what this channel carries
      };
      subscribe('moneyclip:invalidation', note);
      try {
        await write();
      } finally {
        unsubscribe('moneyclip:invalidation', note);
      }
      expect(await seen(true), 'after the write').to.deep.equal(await seen(false));
      return most;
    }

    const writes: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['bulkCreate', () => Row.objects.bulkCreate(keys.map((id) => ({ id, shelf: id % 1000 })))],
      ['update', () => Row.objects.update({ views: F('views').plus(1) })],
      [
        'bulkUpdate',
        async () => {
          const rows = await Row.objects.all();
          for (const row of rows) row.shelf = (row.shelf + 1) % 1000;
          expect(await Row.objects.bulkUpdate(rows, ['shelf'])).to.equal(many);
        },
      ],
      ['update of a list of keys', () => Row.objects.filter({ id__in: keys }).update({ views: 7 })],
      [
        'upsertMany',
        () =>
          Row.objects.upsertMany(
            keys.map((id) => ({ id, shelf: id % 500 })),
            { onConflict: ['id'], update: ['shelf'] },
          ),
      ],
      [
        'transaction that is rolled back',
        () =>
          transaction(async () => {
            await Row.objects.update({ shelf: 3 });
            throw new Error('back');
          }).catch(() => undefined),
      ],
      ['delete of a list of keys', () => Row.objects.filter({ id__in: keys.slice(0, many / 2) }).delete()],
      ['delete', () => Row.objects.delete()],
    ];
    for (const [name, write] of writes) {
      it(`leave nothing stale and drop a few stamps: ${name}`, async () => {
        const other = (): Promise<number> => Other.objects.filter({ shelf: 3 }).cache().count();
        await other();
        const stamps = await stampsOf(write);
        expect(stamps, `of at most ${mostTold} rows one by one`).to.be.at.most(mostStamps);
        const { statements } = db.stats();
        expect(await other()).to.equal(1);
        expect(db.stats().statements - statements, 'another table hears nothing of it').to.equal(0);
      });
    }
  });
});
