import { expect } from 'chai';
import { Redis } from 'ioredis';
import {
  connect,
  count,
  F,
  invalidate,
  invalidateAll,
  invalidateModel,
  max,
  transaction,
  type Database,
} from '../../src/index.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { startRedis, type TestServer } from '../setup/servers.js';
import { Article, Author, Group, linkedModels, Tag } from '../support/linked-models.js';

/** What goes through many keys, or throws away all of them. */
const forbidden = ['keys', 'scan', 'sscan', 'hscan', 'zscan', 'flushdb', 'flushall', 'dbsize', 'randomkey'];

for (const kind of ['sqlite-memory', 'postgres'] as const) {
  describe(`the commands that Redis gets, on ${kind}`, function () {
    this.timeout(60_000);
    let server: TestServer;
    let redis: Redis;
    let db: Database;
    let id: number;

    before(async () => {
      server = await startRedis(); // of its own, since its statistics are asked
      redis = new Redis(server.url);
      db = await connect({
        database: await freshDatabase(kind),
        cache: server.url,
        prefix: freshPrefix(),
        policies: { '*': { ops: 'all' } },
      });
      await db.createTables(linkedModels);
    });
    after(async () => {
      await db.close();
      redis.disconnect();
      await server.stop();
    });

    async function commands(): Promise<string[]> {
      const info = await redis.info('commandstats');
      return [...info.matchAll(/^cmdstat_([^:]+):/gm)].map(([, name = '']) => name);
    }

    async function readAll(): Promise<void> {
      const articles = Article.objects.filter({ tags__name: 'a' }).orderBy('id');
      await Promise.all([
        articles.related('author').prefetch('tags').all(),
        articles.first(),
        articles.last(),
        articles.count(),
        articles.exists(),
        articles.values('title', 'author__name'),
        articles.ids(),
        articles.distinct().orderBy('title').values('title'),
        articles.aggregate({ last: max('title') }),
        articles.groupBy('authorId').aggregate({ n: count() }),
        articles.paginate({ page: 1, pageSize: 1 }),
        articles.paginate({ after: null, pageSize: 1 }),
        Article.objects.get({ id }),
        Tag.objects.get({ name: 'a' }),
        Tag.cache.find({ name: 'none' }),
        Article.cache.getMany([id, id + 1, id + 2]),
        Article.cache.refresh(id),
        Article.cache.explain(id),
        db.cache.get('plain'),
      ]);
      for await (const article of articles) await article.author;
    }

    async function writeAll(): Promise<void> {
      const author = await Author.create({ name: 'x' });
      const [one, two] = await Article.objects.bulkCreate([
        { title: 'p', author },
        { title: 'q', author },
      ]);
      if (!one || !two) throw new Error('two articles were stored');
      await readAll();
      await Object.assign(one, { title: 'r' }).save();
      await readAll();
      await Article.objects.filter({ author }).update({ title: 's' });
      await Author.objects.filter({ id: author.id }).update({ name: F('name') });
      await Article.objects.bulkUpdate([Object.assign(two, { title: 't' })], ['title']);
      await readAll();
      await Tag.objects.upsertMany([{ name: 'a' }, { name: 'u' }], { onConflict: ['name'] });
      const [tag] = await Tag.objects.getOrCreate({ name: 'v' });
      await Group.objects.updateOrCreate({ name: 'team' }, {});
      await one.tags.add(tag);
      await readAll();
      await one.tags.set([tag]);
      await one.tags.remove(tag);
      await two.tags.clear();
      await transaction(async () => {
        await one.delete();
        await transaction(() => Tag.objects.filter({ name: 'v' }).delete());
      });
      await readAll();
      await author.delete();
      const many = Array.from({ length: 700 }, (_, index) => ({ name: `many ${index}` }));
      await Tag.objects.bulkCreate(many); // so many that the table's stamp stands for them
      await db.cache.set('plain', 1, { ttl: '1m' });
      await db.cache.delete('plain');
    }

    it('go through no keys, whatever is read, written or made invalid', async () => {
      const author = await Author.create({ name: 'Ann' });
      const article = await Article.create({ title: 'o', author });
      id = article.id;
      await article.tags.add(await Tag.create({ name: 'a' }));
      await redis.config('RESETSTAT');
      await readAll();
      await readAll();
      await writeAll();
      await invalidate(article);
      await invalidateModel(Article);
      await invalidateAll();
      await readAll();
      const seen = await commands();
      expect(seen).to.include.members(['mget', 'set', 'unlink']);
      expect(seen.filter((name) => forbidden.includes(name))).to.deep.equal([]);
    });
  });
}
