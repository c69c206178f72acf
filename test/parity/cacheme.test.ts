import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { after, beforeEach, describe, it } from 'mocha';
import {
  cached,
  CacheNode,
  connect,
  invalidateTag,
  Node,
  type ConnectOptions,
  type DefinedNode,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { startRedisCluster } from '../setup/redis-cluster.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { temporaryFolder } from '../setup/temporary-folder.js';
import { Article, Runs, Topic } from '../support/article-models.js';
import { connected } from '../support/connected.js';
import { Article as LinkedArticle, Author, linkedModels, Tag } from '../support/linked-models.js';
import { lockedByBoth } from '../support/two-sides.js';
import { until } from '../support/until.js';

const runs = new Runs();
const told: string[] = [];

const decorated = cached('parity.decorated', async (id: number) => runs.note(`decorated ${id}`), {
  key: (id) => `Book:${id}`,
  tag: (id) => [`topic:${id}`, 'books'],
  watch: [[Article, ({ category }: Article) => [category]]],
  onHit: ({ key }) => told.push(`hit ${key}`),
  onMiss: ({ key }) => told.push(`miss ${key}`),
  skip: (id) => id === 0,
  ttl: '5m',
});

@Node('parity.user-node')
class UserNode extends CacheNode<{ user: number; kind?: string }, string> {
  static readonly fields = ['user', 'kind'];

  static async loadMany(nodes: readonly UserNode[]): Promise<string[]> {
    runs.note('loadMany');
    return nodes.map(({ fields }) => `user ${fields.user}, ${runs.note(`user ${fields.user}`)}`);
  }
}

describe('a user of cacheme and django-cacheme finds', () => {
  after(() => [decorated, UserNode].forEach((one) => one.undeclare()));

  forEachCombination((combination) => {
    const db = connected(combination, [Article, Topic, ...linkedModels]);
    beforeEach(() => {
      runs.reset();
      told.length = 0;
    });

    it('@cacheme(key=, invalid_keys=, invalid_models=, timeout, hit=, miss=, tag=, skip=)', async () => {
      expect([await decorated(1), await decorated(1), await decorated(0), await decorated(0)]).to.deep.equal([
        1, 1, 1, 2,
      ]);
      expect(told).to.deep.equal(['miss parity.decorated("Book:1")', 'hit parity.decorated("Book:1")']);
      await invalidateTag('books');
      expect(await decorated(1)).to.equal(2);
      await Article.create({ title: 'a', category: 1 });
      expect(await decorated(1)).to.equal(3);
    });

    it("a model's cache_key property (one or many) that a signal invalidates", async () => {
      const topic = await Topic.create({ id: 1, name: 'music' });
      expect([await decorated(1), await decorated(2)]).to.deep.equal([1, 1]);
      topic.name = 'art';
      await topic.save();
      expect([await decorated(1), await decorated(2)]).to.deep.equal([2, 1]);
    });

    it('nodes: fields, key, get, get_all, invalidation by instance or fields, refresh, dynamic nodes', async () => {
      const nodes = [1, 2].map((user) => new UserNode({ user, kind: 'plain' }));
      expect(await UserNode.getMany(nodes)).to.deep.equal(['user 1, 1', 'user 2, 1']);
      expect(await nodes[0]?.get()).to.equal('user 1, 1');
      expect(await nodes[0]?.refresh()).to.equal('user 1, 2');
      await nodes[0]?.invalidate();
      expect(await UserNode.getMany(nodes)).to.deep.equal(['user 1, 3', 'user 2, 1']);
      await UserNode.invalidateMatching({ kind: 'plain' });
      expect(await UserNode.getMany(nodes)).to.deep.equal(['user 1, 4', 'user 2, 2']);
      const Dynamic = CacheNode.define({ label: 'parity.dynamic', load: async ({ id }: { id: number }) => id });
      expect(await new Dynamic({ id: 5 }).get()).to.equal(5);
      Dynamic.undeclare();
    });

    it('thundering herd: single flight', async () => {
      await Promise.all(Array.from({ length: 100 }, () => decorated(7)));
      expect(runs.of('decorated 7')).to.equal(1);
    });

    it('STALE: the old value while one recomputes', async () => {
      const stale = cached('parity.stale', async () => runs.note('stale'), { stale: true });
      expect(await stale()).to.equal(1);
      await stale.invalidate();
      expect(await stale()).to.equal(1);
      await until(async () => (await stale.peek()) === 2);
      stale.undeclare();
    });

    it('m2m: add, remove, clear and set on either side invalidate the right keys', async () => {
      const ann = await Author.create({ name: 'ann' });
      const [red, blue] = [await Tag.create({ name: 'red' }), await Tag.create({ name: 'blue' })];
      const article = await LinkedArticle.create({ title: 'a', author: ann });
      const tags = cached('parity.tags', async (id: number) => (await LinkedArticle.cache.get(id)).tags.count());
      const articles = cached('parity.articles', async (id: number) => (await Tag.cache.get(id)).articles.count());
      const read = async (): Promise<number[]> => [
        await tags(article.id),
        await articles(red.id),
        await articles(blue.id),
      ];
      expect(await read()).to.deep.equal([0, 0, 0]);
      await article.tags.add(red);
      expect(await read()).to.deep.equal([1, 1, 0]);
      await blue.articles.add(article);
      expect(await read()).to.deep.equal([2, 1, 1]);
      await article.tags.set([blue]);
      expect(await read()).to.deep.equal([1, 0, 1]);
      await blue.articles.remove(article);
      expect(await read()).to.deep.equal([0, 0, 0]);
      await article.tags.add(red, blue);
      await article.tags.clear();
      expect(await read()).to.deep.equal([0, 0, 0]);
      tags.undeclare();
      articles.undeclare();
    });

    it('the admin page: lists and invalidates, by tag', async () => {
      await decorated(1);
      await decorated(2);
      const listed = await db().entries({ label: 'parity.decorated', where: { id: 2 } });
      expect(listed.entries.map(({ args }) => args)).to.deep.equal([[2]]);
      await invalidateTag('topic:2');
      expect((await db().entries({ label: 'parity.decorated' })).entries.map(({ args }) => args)).to.deep.equal([[1]]);
    });

    it('versions in keys; stats per node (requests, hits, loads)', async () => {
      // NOTE: a declaration from this place takes that of the one before, as when a module is loaded again
      const of = (version: number): DefinedNode<{ id: number }, string> =>
        CacheNode.define({
          label: 'parity.versioned',
          version,
          load: async ({ id }: { id: number }) => `${version}: ${runs.note('versioned')} of ${id}`,
        });
      const read = async (version: number): Promise<string> => new (of(version))({ id: 9 }).get();
      const count = (): readonly (number | undefined)[] => {
        const { hits, misses, fills } = db().stats().labels['parity.versioned'] ?? {};
        return [hits, misses, fills];
      };
      expect([await read(1), await read(1), ...count()]).to.deep.equal(['1: 1 of 9', '1: 1 of 9', 1, 1, 1]);
      expect([await read(2), await read(2), await read(1)]).to.deep.equal(['2: 2 of 9', '2: 2 of 9', '1: 1 of 9']);
      expect(count()).to.deep.equal([3, 2, 2]);
      of(1).undeclare();
    });
  });

  describe('beside one database', () => {
    beforeEach(() => runs.reset());

    it('retry count and time of thundering herds, across processes', async () => {
      expect(await lockedByBoth('parity.locked')).to.deep.equal([1, 1]);
    });

    const storages: Readonly<Record<string, () => Promise<string>>> = {
      'memory:': async () => 'memory:',
      Redis: sharedRedisUrl,
      'SQLite, in a file': async () => `file:${join(temporaryFolder('parity'), 'cache.db')}`,
      PostgreSQL: () => freshDatabase('postgres'),
    };
    for (const [storage, cacheUrl] of Object.entries(storages)) {
      it(`storages: ${storage}, with what is long compressed`, async () => {
        await keepsValues({ cache: await cacheUrl(), prefix: freshPrefix() });
      });
    }

    it('storages: Redis Cluster', async function () {
      this.timeout(60_000);
      const cluster = await startRedisCluster();
      const client = new Redis.Cluster(
        cluster.urls.map((url) => ({ host: '127.0.0.1', port: Number(new URL(url).port) })),
      );
      await keepsValues({ cache: client });
      await client.quit();
      await cluster.stop();
    });
  });
});

/** A value, one of 50,000 characters too, is computed once and found again as it was, with its life. */
async function keepsValues(options: Partial<ConnectOptions>): Promise<void> {
  const db = await connect({ database: 'sqlite::memory:', ...options });
  const stored = cached('parity.stored', async (size: number) => [new Date(5), 'x'.repeat(size), runs.note('stored')], {
    ttl: '5m',
  });
  try {
    for (const [index, size] of [3, 50_000].entries()) {
      const value = [new Date(5), 'x'.repeat(size), index + 1];
      expect(await stored(size)).to.deep.equal(value);
      await until(async () => (await stored.peek(size)) !== undefined);
      expect([await stored(size), runs.of('stored')]).to.deep.equal([value, index + 1]);
      expect(Number((await stored.entry(size))?.expiresAt)).to.be.greaterThan(Date.now());
      await stored.invalidate(size);
      expect(await stored.peek(size)).to.equal(undefined);
    }
  } finally {
    stored.undeclare();
    await db.close();
  }
}
