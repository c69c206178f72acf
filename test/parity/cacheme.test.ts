import { expect } from 'chai';
import { after, beforeEach, describe, it } from 'mocha';
import { cached, CacheNode, invalidateTag, Node } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Article, Runs, Topic } from '../support/article-models.js';
import { connected } from '../support/connected.js';
import { Article as LinkedArticle, Author, linkedModels, Tag } from '../support/linked-models.js';
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
  static readonly version = 1;

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

    it('retry count and time of thundering herds, across processes', async () => {
      const locked = cached('parity.locked', async () => runs.note('locked'), { lock: { waitMs: 1000, pollMs: 5 } });
      expect(await Promise.all([locked(), locked()])).to.deep.equal([1, 1]);
      locked.undeclare();
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
      const before = db().stats().labels['parity.user-node'];
      await new UserNode({ user: 9 }).get();
      await new UserNode({ user: 9 }).get();
      const stats = db().stats().labels['parity.user-node'];
      expect([stats?.hits, stats?.misses]).to.deep.equal([(before?.hits ?? 0) + 1, (before?.misses ?? 0) + 1]);
    });
  });
});
