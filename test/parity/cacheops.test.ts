import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { after, before, beforeEach, describe, it } from 'mocha';
import {
  cached,
  cacheOf,
  CachedForeignKey,
  CachedModel,
  Column,
  connect,
  invalidate,
  invalidateAll,
  invalidateModel,
  ManyToMany,
  MemoryStore,
  PrimaryKey,
  postponeInvalidation,
  Q,
  StoreUnavailableError,
  Table,
  transaction,
  withoutInvalidation,
  type CacheManager,
  type Database,
  type Manager,
  type Related,
  type RelatedSet,
} from '../../src/index.js';
import { cachedFragment, cachedHandler } from '../../src/http/index.js';
import type { CacheEvent, InvalidationEvent } from '../../src/telemetry/channels.js';
import { FlakyStore } from '../../src/testing/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { startRedis, startSentinel } from '../setup/servers.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { temporaryFolder } from '../setup/temporary-folder.js';
import { Runs } from '../support/article-models.js';
import { counted } from '../support/counted.js';
import { rejection } from '../support/rejection.js';
import { until } from '../support/until.js';

/* The models of its readme: users and news, with tags. */

const runs = new Runs();

@Table('ops_users', { label: 'auth.User' })
class User extends CachedModel {
  declare static objects: Manager<User>;
  declare static cache: CacheManager<User>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
}

@Table('ops_groups', { label: 'auth.Group' })
class Group extends CachedModel {
  declare static objects: Manager<Group>;
  static override readonly repopulate = true;
  declare static cache: CacheManager<Group>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
}

@Table('ops_tags', { label: 'news.Tag' })
class Tag extends CachedModel {
  declare static objects: Manager<Tag>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  declare readonly posts: RelatedSet<Post>;
}

@Table('ops_posts', { label: 'news.Post' })
class Post extends CachedModel {
  declare static objects: Manager<Post>;
  declare static cache: CacheManager<Post>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @Column({ type: 'integer', index: true, nullable: true }) declare category: number | null;
  @CachedForeignKey(() => User) declare author: Related<User>;
  declare authorId: number;
  @ManyToMany(() => Tag, { relatedName: 'posts' }) declare readonly tags: RelatedSet<Tag>;
}

@Table('ops_logs', { label: 'logs.Line' })
class Line extends CachedModel {
  declare static objects: Manager<Line>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare text: string;
}

const models = [User, Group, Tag, Post, Line] as const;
const policies = {
  'auth.User': { ops: ['get', 'reference'], ttl: '15m' },
  'auth.*': { ops: 'all', ttl: '1h' },
  'news.*': {},
  'logs.*': false,
  '*': { ops: ['count'] },
} as const;

const postsOf = cached(
  'parity.posts-of',
  async (category: number) =>
    [runs.note(`posts ${category}`), await Post.objects.filter({ category }).count()] as const,
  { ttl: '10m', lock: true },
);
const sampled = cached('parity.sampled', async (extra: string) => `${extra} ${runs.note(`sampled ${extra}`)}`, {
  watch: [Post.objects.filter({ category: 1 }), Tag],
  ttl: '10m',
  lock: true,
});

describe('a user of cacheops finds', () => {
  after(() => [postsOf, sampled].forEach((one) => one.undeclare()));

  forEachCombination((combination) => {
    const current = counted(combination, models, { policies });
    let ann: User;
    let [one, two]: Post[] = [];
    beforeEach(async () => {
      ann = await User.create({ id: 1, name: 'ann' });
      await Group.create({ id: 1, name: 'all' });
      await Tag.objects.bulkCreate([1, 2].map((id) => ({ id, name: `t${id}` })));
      [one, two] = await Post.objects.bulkCreate(
        [1, 2].map((id) => ({ id, title: `p${id}`, category: id, author: ann })),
      );
      await User.cache.find(0); // notices whatever the set-up did
      runs.reset();
    });
    const sql = async (task: () => Promise<unknown>): Promise<number> => (await current().costOf(task)).sql;
    /** How many statements it takes when it is asked again. */
    const again = async (task: () => Promise<unknown>): Promise<number> => {
      await task();
      return sql(task);
    };

    it('settings by app.model, app.*, *.*, op sets, timeouts, None forbids, defaults', async () => {
      expect(await again(() => User.objects.get({ id: 1 })), 'the gets of a model').to.equal(0);
      expect(await again(() => User.objects.count()), 'nothing else of it').to.equal(1);
      expect(await again(() => Group.objects.filter({ name: 'all' }).all()), 'all of an app').to.equal(0);
      expect(await again(() => Post.objects.count()), 'nothing by itself').to.equal(1);
      expect(await again(() => Post.objects.cache().count()), 'by hand').to.equal(0);
      expect(await again(() => Line.objects.cache().count()), 'never').to.equal(1);
    });

    it('automatic and manual caching, .cache(ops=, timeout=, lock=), .nocache()', async () => {
      const posts = Post.objects.filter({ category: 1 }).cache({ ops: ['count'], ttl: '5m', lock: true });
      expect([await again(() => posts.count()), await again(() => posts.all())]).to.deep.equal([0, 1]);
      expect(await again(() => Group.objects.noCache().all())).to.equal(1);
    });

    it('invalidation by conditions: equality, in, isnull, and/or/not, joins, m2m', async () => {
      const queries = {
        equality: Post.objects.filter({ category: 1 }),
        in: Post.objects.filter({ category__in: [1, 7] }),
        isnull: Post.objects.filter({ category__isnull: true }),
        or: Post.objects.filter(Q.or({ category: 1 }, { category: 8 })),
        not: Post.objects.filter({ category: 1 }).exclude({ title: 'x' }),
        join: Post.objects.filter({ author__name: 'ann', category: 1 }),
        m2m: Post.objects.filter({ tags: 1, category: 1 }),
      };
      const counts = (): Promise<number[]> => Promise.all(Object.values(queries).map((rows) => rows.cache().count()));
      expect(await counts()).to.deep.equal([1, 1, 0, 1, 1, 1, 0]);
      expect(await sql(counts)).to.equal(0);
      await Post.objects.filter({ id: 2 }).update({ category: 3 });
      expect(await sql(counts), 'rows that none of them is about').to.equal(0);
      await two?.reload();
      await Object.assign(two ?? {}, { category: 7 } as Post).save();
      expect(await counts()).to.deep.equal([1, 2, 0, 1, 1, 1, 0]);
      await one?.tags.add(1);
      await ann.reload();
      await Object.assign(ann, { name: 'anna' }).save();
      expect(await counts()).to.deep.equal([1, 2, 0, 1, 1, 0, 1]);
      await Post.objects.filter({ id: 1 }).update({ category: null });
      expect(await counts()).to.deep.equal([0, 1, 1, 0, 0, 0, 0]);
    });

    it('joined rows are tracked (there: a known gap)', async () => {
      const names = async (): Promise<string[]> => {
        const posts = await Post.objects.filter({ category: 1 }).related('author').cache().all();
        return Promise.all(posts.map(async ({ author }) => (await author).name));
      };
      expect(await names()).to.deep.equal(['ann']);
      await User.objects.filter({ id: 1 }).update({ name: 'anna' });
      expect(await names()).to.deep.equal(['anna']);
    });

    it('invalidate_obj, invalidate_model, invalidate_all', async () => {
      const posts = (): Promise<unknown> => Post.objects.filter({ category: 1 }).cache().all();
      for (const drop of [() => invalidate(one as Post), () => invalidateModel(Post), () => invalidateAll()]) {
        expect(await again(posts)).to.equal(0);
        await drop();
        expect(await sql(posts)).to.equal(1);
      }
    });

    it('no_invalidation', async () => {
      const title = async (): Promise<string | undefined> => (await Post.cache.get(1)).title;
      await title();
      await withoutInvalidation(() => Post.objects.filter({ id: 1 }).update({ title: 'held back' }));
      if (combination.database === 'postgres') expect(await title()).to.equal('p1');
      await postponeInvalidation(async () => {
        await Post.objects.filter({ id: 1 }).update({ title: 'x' });
        await Post.objects.filter({ id: 1 }).update({ title: 'y' });
      });
      expect(await title()).to.equal('y');
    });

    it('qs.invalidated_update(): every update() and delete()', async () => {
      const titles = async (): Promise<string[]> =>
        (await Post.objects.orderBy('id').cache().all()).map(({ title }) => title);
      expect(await titles()).to.deep.equal(['p1', 'p2']);
      await Post.objects.filter({ category__gte: 2 }).update({ title: 'z' });
      expect(await titles()).to.deep.equal(['p1', 'z']);
      await Post.objects.filter({ title: 'z' }).delete();
      expect(await titles()).to.deep.equal(['p1']);
    });

    it('@cached_as(Model or query set, timeout, extra, lock, keep_fresh), @cached, .invalidate(), .key().set()', async () => {
      const read = await Promise.all(['a', 'a', 'b'].map((extra) => sampled(extra)));
      expect(read).to.deep.equal(['a 1', 'a 1', 'b 1']);
      const { createdAt, expiresAt } = (await sampled.entry('a')) ?? {};
      expect(Number(expiresAt) - Number(createdAt)).to.be.within(9 * 60_000, 11 * 60_000);
      await Post.objects.filter({ id: 2 }).update({ title: 'none of those' });
      expect(await sampled('a')).to.equal('a 1');
      await Post.objects.filter({ id: 1 }).update({ title: 'one of them' });
      expect([await sampled('a'), await sampled('b')]).to.deep.equal(['a 2', 'b 2']);
      await Tag.create({ id: 3, name: 't3' });
      expect(await sampled('a')).to.equal('a 3');
      await sampled.invalidate('a');
      expect([await sampled('a'), await sampled('b')]).to.deep.equal(['a 4', 'b 3']);
      await sampled.set(['a'], 'given');
      expect(await cacheOf<[string], string>('parity.sampled')('a')).to.equal('given');
    });

    it('@cached_view_as, @cached_view', async () => {
      const handler = cachedHandler(
        'parity.page',
        async () => new Response(`${runs.note('page')}: ${await Post.objects.filter({ category: 1 }).count()}`),
        { ttl: '10m' },
      );
      try {
        const request = (headers: Record<string, string> = {}): Request => new Request('http://x/posts', { headers });
        const first = await handler(request());
        expect([await first.text(), await (await handler(request())).text()]).to.deep.equal(['1: 1', '1: 1']);
        const etag = first.headers.get('etag') ?? '';
        expect((await handler(request({ 'if-none-match': etag }))).status).to.equal(304);
        await Post.objects.filter({ id: 1 }).delete();
        expect(await (await handler(request({ 'if-none-match': etag }))).text()).to.equal('2: 0');
      } finally {
        handler.undeclare();
      }
    });

    it('template fragments (django, jinja2)', async () => {
      const list = cachedFragment('parity.list', async (category: number) => {
        runs.note('list');
        return `<ul>${(await Post.objects.filter({ category }).all()).map(({ title }) => `<li>${title}</li>`).join('')}</ul>`;
      });
      try {
        expect([await list(1), await list(1), runs.of('list')]).to.deep.equal([
          '<ul><li>p1</li></ul>',
          '<ul><li>p1</li></ul>',
          1,
        ]);
        await Post.objects.filter({ id: 1 }).update({ title: 'new' });
        expect(await list(1)).to.equal('<ul><li>new</li></ul>');
      } finally {
        list.undeclare();
      }
    });

    it('transactions: dirty ones bypass, invalidation at commit, savepoints', async () => {
      const count = (): Promise<number> => Post.objects.filter({ category: 1 }).cache().count();
      expect(await count()).to.equal(1);
      await transaction(async () => {
        await Post.objects.filter({ id: 2 }).update({ category: 1 });
        expect(await count(), 'inside').to.equal(2);
        await transaction(async () => {
          await Post.objects.filter({ id: 1 }).update({ category: 5 });
          throw new Error('back');
        }).catch(() => undefined);
      });
      expect(await count(), 'after the commit').to.equal(2);
      await transaction(async () => {
        await Post.objects.filter({ category: 1 }).delete();
        throw new Error('back');
      }).catch(() => undefined);
      expect([await sql(count), await count()], 'after a rollback').to.deep.equal([0, 2]);
    });

    // NOTE: across processes in test/concurrency/stampede.test.ts
    it('lock=True is taken: one of many in a process asks', async () => {
      const posts = Post.objects.filter({ category: 1 }).orderBy('-id').cache({ lock: true });
      expect(await sql(() => Promise.all(Array.from({ length: 50 }, () => posts.all())))).to.equal(1);
    });

    it('cache_on_save', async () => {
      await Group.objects.filter({ id: 1 }).update({ name: 'some' });
      const group = await Group.objects.get({ id: 1 });
      group.name = 'none';
      await group.save();
      expect(await sql(async () => expect((await Group.cache.get(1)).name).to.equal('none'))).to.equal(0);
    });

    it('cache_read, cache_invalidated signals', async () => {
      const read: string[] = [];
      const dropped: string[] = [];
      const onRead = (event: unknown): void => void read.push((event as CacheEvent).outcome); // what this channel carries
      const onDrop = (event: unknown): void => void dropped.push(...(event as InvalidationEvent).stamps); // as above
      subscribe('moneyclip:cache', onRead);
      subscribe('moneyclip:invalidation', onDrop);
      try {
        const posts = Post.objects.filter({ category: 1 }).cache();
        const { hits } = current().db.stats();
        await posts.count();
        await posts.count();
        await Post.objects.filter({ id: 1 }).update({ category: 2 });
        expect(read.filter((outcome) => outcome !== 'fill')).to.deep.equal(['miss', 'hit']);
        expect(current().db.stats().hits - hits).to.equal(1);
        expect(dropped).to.include.members(['c:ops_posts:category=1', 'c:ops_posts:category=2']);
      } finally {
        unsubscribe('moneyclip:cache', onRead);
        unsubscribe('moneyclip:invalidation', onDrop);
      }
    });

    it('simple cache.get/set/delete, file cache', async () => {
      const { cache } = current().db;
      await cache.set('name', { a: new Date(5) }, { ttl: '1m' });
      expect(await cache.get('name')).to.deep.equal({ a: new Date(5) });
      await cache.delete('name');
      expect(await cache.get('name')).to.equal(undefined);
    });

    it('insideout mode, reapconjs: the only mode; nothing to reap', async () => {
      const { redis, prefix } = current();
      await Promise.all([1, 2, 3].map((category) => Post.objects.filter({ category }).cache().count()));
      if (!redis) return;
      const keys = (await redis.keys(`*${prefix}*`)).filter((key) => !key.startsWith(`${prefix}list:`)); // of db.entries()
      const kinds = await Promise.all(keys.map((key) => redis.type(key)));
      expect([...new Set(kinds)], 'no sets of keys').to.deep.equal(['string']);
    });
  });

  describe('beside one database', () => {
    let tenant = 'a';
    before(() => (tenant = 'a'));

    it('prefix as a function (tenants)', async () => {
      const db = await connect({ database: 'sqlite::memory:', prefix: () => `${tenant}:` });
      await db.createTables(models);
      await User.create({ id: 1, name: 'ann' });
      await User.cache.get(1);
      const statements = async (): Promise<number> => {
        const sent = db.stats().statements;
        await User.cache.get(1);
        return db.stats().statements - sent;
      };
      expect(await statements()).to.equal(0);
      tenant = 'b';
      expect(await statements(), 'another tenant has nothing yet').to.equal(1);
      await db.close();
    });

    it('db_agnostic, several databases', async () => {
      @Table('ops_reports', { label: 'ops.Report', connection: 'reports' })
      class Report extends CachedModel {
        declare static objects: Manager<Report>;
        declare static cache: CacheManager<Report>;
        @PrimaryKey() declare id: number;
        @Column({ type: 'string' }) declare title: string;
      }
      const main = await connect({ database: 'sqlite::memory:' });
      const reports = await connect({ name: 'reports', database: 'sqlite::memory:' });
      await main.createTables([User]);
      await reports.createTables([Report]);
      await User.create({ id: 1, name: 'ann' });
      await Report.create({ id: 1, title: 'x' });
      expect([(await User.cache.get(1)).name, (await Report.cache.get(1)).title]).to.deep.equal(['ann', 'x']);
      await Report.objects.update({ title: 'y' });
      expect((await Report.cache.get(1)).title).to.equal('y');
      await Promise.all([main.close(), reports.close()]);
    });

    it('serializer, as codec', async () => {
      class Money {
        constructor(readonly cents: number) {}
      }
      const codec = {
        encode: ({ cents }: Money) => [cents],
        decode: (data: unknown) => new Money(Number([data].flat()[0])),
      };
      const db = await connect({ database: 'sqlite::memory:', cache: await sharedRedisUrl(), prefix: freshPrefix() });
      const price = cached('parity.price', async (cents: number) => (runs.note('price'), new Money(cents)), { codec });
      expect([await price(5), await price.peek(5)]).to.deep.equal([new Money(5), new Money(5)]);
      expect(await price(5)).to.be.instanceOf(Money);
      expect(runs.of('price')).to.equal(1);
      price.undeclare();
      await db.close();
    });

    it('degrade on failure', async () => {
      for (const onCacheFailure of ['degrade', 'throw'] as const) {
        const store = new FlakyStore(new MemoryStore());
        const db = await connect({ database: 'sqlite::memory:', cache: store, onCacheFailure });
        await db.createTables([User]);
        await User.create({ id: 1, name: 'ann' });
        await User.cache.get(1);
        store.fail();
        const read = User.cache.get(1).then(({ name }) => name);
        if (onCacheFailure === 'degrade') expect(await read, 'from the database').to.equal('ann');
        else await rejection(read, StoreUnavailableError);
        store.heal();
        await db.close();
      }
    });

    it("Sentinel, and a client of one's own", async () => {
      const master = await startRedis();
      const sentinel = await startSentinel(master);
      const clients = [
        new Redis({ sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'main' }),
        new Redis({ port: master.port, keyPrefix: 'own:', connectionName: 'own' }),
      ];
      for (const client of clients) {
        const db = await connect({ database: 'sqlite::memory:', cache: client });
        await keepsRows(db);
        await db.close();
        expect(await client.ping(), "it stays its owner's").to.equal('PONG');
        await client.quit();
      }
      await sentinel.kill();
      await master.kill();
    });

    it('file cache', async () => {
      const cache = `file:${join(temporaryFolder('parity'), 'cache.db')}`;
      const database = await freshDatabase('postgres');
      const db = await connect({ database, cache });
      await keepsRows(db);
      await db.cache.set('name', 'ann', { ttl: '1m' });
      await db.close();
      const again = await connect({ database, cache });
      expect(await again.cache.get('name'), 'by the next process').to.equal('ann');
      await again.close();
    });
  });
});

/** A row is read once, and what another reads is what was written last. */
async function keepsRows(db: Database): Promise<void> {
  await db.createTables([User]);
  const user = await User.create({ id: 1, name: 'ann' });
  await User.cache.get(1);
  await until(async () => (await User.cache.explain(1)).state === 'hit');
  const { statements } = db.stats();
  expect((await User.cache.get(1)).name).to.equal('ann');
  expect(db.stats().statements).to.equal(statements);
  user.name = 'anna';
  await user.save();
  expect((await User.cache.get(1)).name).to.equal('anna');
}
