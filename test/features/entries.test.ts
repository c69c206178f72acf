import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import {
  cached,
  CachedModel,
  CacheNode,
  Column,
  connect,
  moneyclip,
  Node,
  PrimaryKey,
  Table,
  UsageError,
  type CacheManager,
  type CacheStore,
  type Database,
  type EntriesQuery,
  type ListedEntry,
  type Manager,
} from '../../src/index.js';
import { CountingStore, FakeClock } from '../../src/testing/index.js';
import { RedisStore } from '../../src/index.js';
import { Redis } from 'ioredis';
import { join } from 'node:path';
import { forEachCombination } from '../setup/combinations.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { temporaryFolder } from '../setup/temporary-folder.js';
import { Article, Runs } from '../support/article-models.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

const runs = new Runs();

@Table('listed_people', { label: 'entries.Person' })
class Person extends CachedModel {
  declare static objects: Manager<Person>;
  declare static cache: CacheManager<Person>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;

  @moneyclip()
  async greeting(word: string): Promise<string> {
    return `${word}, ${this.name}`;
  }
}

const count = cached(
  'entries.count',
  async (category: number, options: { since?: Date } = {}) =>
    `${category} ${options.since?.getTime() ?? ''} ${await Article.objects.filter({ category }).count()}`,
  { ttl: '1h' },
);
const taken = cached('entries.taken', async ({ year, month }: { year: number; month?: number }) => year + (month ?? 0));
const callback = cached('entries.callback', async (ask: { id: number; answer: () => void }) => ask.id, {
  key: ({ id }) => id,
});
const swept = cached('entries.swept', async (id: number) => runs.note(`swept ${id}`), {
  ttl: '1h',
  softTtl: '1m',
  sweep: true,
});

@Node('entries.node')
class Sum extends CacheNode<{ a: number; b: number }, number> {
  override async load(): Promise<number> {
    return this.fields.a + this.fields.b;
  }
}

const argsOf = (entries: readonly ListedEntry[]): string[] =>
  entries.map(({ args }) => JSON.stringify(args)).toSorted();

/** Every entry, asked for by pages. */
async function all(db: Database, query: EntriesQuery = {}): Promise<ListedEntry[]> {
  await db.cache.set('settled', 1, { ttl: '1h' }); // which waits for what is being written
  const entries: ListedEntry[] = [];
  let next: string | undefined;
  do {
    const page = await db.entries({ ...query, ...(next === undefined ? {} : { after: next }) });
    entries.push(...page.entries.filter(({ label }) => label.startsWith('entries.'))); // those of other tests may watch articles
    ({ next } = page);
  } while (next !== undefined);
  return entries;
}

function describeEntries(db: () => Database): void {
  it('are listed by label, with arguments of any kind and their facts', async () => {
    await count(1);
    await count(2, { since: new Date(5) });
    const ann = await Person.create({ name: 'ann' });
    await ann.greeting('hello');
    await new Sum({ a: 1, b: 2 }).get();
    const [entry] = (await db().entries({ label: 'entries.count', where: { category: 2 } })).entries;
    const known = await count.entry(2, { since: new Date(5) });
    expect(entry).to.deep.include({
      label: 'entries.count',
      key: count.key(2, { since: new Date(5) }),
      args: [2, { since: new Date(5) }],
      createdAt: known?.createdAt,
      expiresAt: known?.expiresAt,
      softExpiresAt: undefined,
      stale: false,
      bytes: known?.bytes,
      hits: 0,
    });
    const [greeting] = await all(db(), { label: 'entries.Person.greeting' });
    expect([(greeting?.args[0] as Person | undefined)?.id, greeting?.args[1]]).to.deep.equal([ann.id, 'hello']);
    expect(argsOf(await all(db(), { label: 'entries.node' }))).to.deep.equal(['[{"a":1,"b":2}]']);
    const labels = (await all(db(), { limit: 1 })).map(({ label }) => label);
    expect(labels).to.have.members(['entries.count', 'entries.count', 'entries.node', 'entries.Person.greeting']);
  });

  it('say how often this process answered from each, since it was made', async () => {
    const hitsOf = async (category: number): Promise<number | undefined> =>
      (await db().entries({ label: 'entries.count', where: { category } })).entries[0]?.hits;
    const hits = async (): Promise<unknown> => [await hitsOf(1), await hitsOf(2)];
    const settled = (): Promise<void> => db().cache.set('settled', 1, { ttl: '1h' }); // which waits for what is being written
    await Promise.all([count(1), count(2)]);
    await settled();
    for (let turn = 0; turn < 3; turn += 1) await count(1);
    expect(await hits()).to.deep.equal([3, 0]);
    await count.refresh(1);
    await settled();
    await count(1);
    expect(await hits()).to.deep.equal([1, 0]);
  });

  it('are found by any argument, by name or place', async () => {
    for (const [year, month] of [
      [2020, 1],
      [2020, 2],
      [2021, 2],
    ] as const) {
      await taken({ year, month });
    }
    await taken({ year: 2021 });
    const found = async (where: Record<string, unknown>): Promise<string[]> =>
      argsOf(await all(db(), { label: 'entries.taken', where }));
    expect(await found({ year: 2020 })).to.deep.equal(['[{"year":2020,"month":1}]', '[{"year":2020,"month":2}]']);
    expect(await found({ month: 2 })).to.deep.equal(['[{"year":2020,"month":2}]', '[{"year":2021,"month":2}]']);
    expect(await found({ month: undefined })).to.deep.equal(['[{"year":2021}]']);
    expect(await found({ 0: { month: 1, year: 2020 } })).to.deep.equal(['[{"year":2020,"month":1}]']);
    expect(await found({ year: 1999 })).to.deep.equal([]);
    const ann = await Person.create({ name: 'ann' });
    const bob = await Person.create({ name: 'bob' });
    await Promise.all([ann.greeting('hi'), bob.greeting('hi')]);
    expect(await all(db(), { label: 'entries.Person.greeting', where: { 0: bob } })).to.have.length(1);
  });

  it('come by pages of any size, each once', async () => {
    for (let category = 0; category < 7; category += 1) await count(category);
    for (const limit of [1, 2, 7, 100]) {
      const entries = await all(db(), { label: 'entries.count', limit });
      expect(argsOf(entries)).to.deep.equal(['[0]', '[1]', '[2]', '[3]', '[4]', '[5]', '[6]']);
    }
  });

  it('are not listed once they are invalid, nor where the arguments cannot be written', async () => {
    await count(1);
    await count(2);
    await callback({ id: 1, answer: () => undefined });
    await Article.create({ title: 'a', category: 1 });
    expect(argsOf(await all(db()))).to.deep.equal(['[2]']);
    await count(1);
    expect(argsOf(await all(db()))).to.deep.equal(['[1]', '[2]']);
    await count.invalidateAll();
    expect(await all(db())).to.deep.equal([]);
  });
}

describe('entries of computed values', () => {
  after(() => [count, taken, callback, swept, Sum].forEach((one) => one.undeclare()));

  forEachCombination((combination) => {
    describeEntries(connected(combination, [Article, Person]));
  });

  describe('in a file and in a table', () => {
    for (const kind of ['file', 'sql'] as const) {
      describe(kind, () => {
        let db: Database;
        before(async () => {
          const cache =
            kind === 'file' ? `file:${join(temporaryFolder('entries'), 'cache.db')}` : await freshDatabase('postgres');
          db = await connect({ database: await freshDatabase('sqlite'), cache, prefix: freshPrefix() });
          await db.createTables([Article, Person]);
        });
        beforeEach(async () => {
          await db.knex('articles').delete();
          await db.invalidateAll();
        });
        after(() => db.close());
        describeEntries(() => db);
      });
    }
  });

  it('cost nothing on a hit, and one command in the same round trip on a fill', async () => {
    const redis = new Redis(await sharedRedisUrl());
    const commandsFor = async (store: CacheStore): Promise<readonly Record<string, number>[]> => {
      const db = await connect({ database: 'sqlite::memory:', cache: store, prefix: freshPrefix() });
      await db.createTables([Article]);
      const commandsOf = async (task: () => Promise<unknown>): Promise<Record<string, number>> => {
        await db.cache.set('settled', 1, { ttl: '1h' }); // which waits for what is being written
        await redis.config('RESETSTAT');
        await task();
        await db.cache.set('settled', 1, { ttl: '1h' });
        const stats = await redis.info('commandstats');
        const calls = [...stats.matchAll(/cmdstat_(\w+):calls=(\d+)/g)].map(([, name, times]) => [name, Number(times)]);
        const {
          zremrangebyscore: _,
          zremrangebyrank: __,
          ...counts
        } = Object.fromEntries(calls) as Record<string, number>;
        return counts; // NOTE: lists are trimmed by one in a hundred fills
      };
      const fill = await commandsOf(() => taken({ year: 2 }));
      const hit = await commandsOf(() => taken({ year: 2 }));
      await db.close();
      return [fill, hit];
    };
    const store = new CountingStore(new RedisStore(redis));
    const [fill, hit] = await commandsFor(store);
    const [fillWithout, hitWithout] = await commandsFor(withoutList(new RedisStore(redis)));
    await redis.quit();
    expect(fill).to.deep.equal({ ...fillWithout, zadd: 1 });
    expect(hit).to.deep.equal(hitWithout);
    expect(store.calls.write, 'one write for each of four settings of a value, and one for the fill').to.equal(5);
  });

  it('are computed again by a sweep when they are past their soft life, without a reader', async () => {
    const clock = new FakeClock(Date.now());
    const db = await connect({ database: 'sqlite::memory:', clock });
    runs.reset();
    await swept(1);
    const pass = async (seconds: number): Promise<void> => {
      for (let left = seconds; left > 0; left -= 1) await clock.advanceAndSettle(1_000);
    };
    await pass(50);
    expect(runs.of('swept 1')).to.equal(1);
    await pass(40);
    expect(runs.of('swept 1')).to.equal(2);
    expect((await swept.entry(1))?.stale).to.equal(false);
    await db.close();
    expect(clock.scheduled).to.equal(0);
  });

  it('are asked for in words that are checked', async () => {
    const db = await connect({ database: 'sqlite::memory:' });
    const wrong: readonly (readonly [unknown, string])[] = [
      [null, 'expected { label, where, after, limit }, got null'],
      [{ lable: 'x' }, "unknown option 'lable'; did you mean 'label'?"],
      [
        { label: 'entries.coutn' },
        "nothing is declared under the label 'entries.coutn'; did you mean 'entries.count'?",
      ],
      [{ limit: 0 }, 'limit must be a whole number from 1 to 1000, got 0'],
      [{ limit: 1001 }, 'limit must be a whole number from 1 to 1000, got 1001'],
      [{ where: { a: 1 } }, 'where compares the arguments of one function; say which by label'],
      [{ after: 'x' }, 'after must be what the page before gave as next'],
    ];
    for (const [query, message] of wrong) {
      await rejection(db.entries(query as EntriesQuery), UsageError, `db.entries(): ${message}`);
    }
    await db.close();
    const own = {
      name: 'own',
      read: (keys: readonly string[]) => keys.map(() => undefined),
      acquire: (requests: readonly { value: string }[]) => requests.map(({ value }) => value),
      write: () => undefined,
      drop: () => undefined,
      close: async () => undefined,
    };
    const other = await connect({ database: 'sqlite::memory:', cache: own });
    await rejection(
      other.entries({ label: 'entries.count' }),
      UsageError,
      "db.entries(): the store 'own' cannot list what it keeps; it has no list()",
    );
    await other.close();
  });
});

/** The same store, which cannot list. */
function withoutList(store: CacheStore): CacheStore {
  return {
    name: store.name,
    read: (keys) => store.read(keys),
    acquire: (requests) => store.acquire(requests),
    write: (entries) => store.write(entries),
    drop: (keys) => store.drop(keys),
    close: () => store.close(),
  };
}
