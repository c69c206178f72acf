import { expect } from 'chai';
import { describe, it } from 'mocha';
import { transaction, type QuerySet } from '../../src/index.js';
import { forEachEnvironment } from './support/environment.js';
import { Article, Author, Counter, scripts } from './support/models.js';

const selectArticles = /^SELECT.*"coherence_articles"/;
const selectCounters = /^SELECT.*"coherence_counters"/;

let categories = 1_000_000;

describe('cached query sets under concurrency', () => {
  forEachEnvironment((env) => {
    /** Articles of a category that no other test has. */
    function fresh(): { readonly category: number; readonly list: QuerySet<Article> } {
      categories += 1;
      return { category: categories, list: Article.objects.filter({ category: categories }).orderBy('id').cache() };
    }

    const titles = async (list: QuerySet<Article>): Promise<string[]> => (await list.all()).map(({ title }) => title);

    it('A1: a list that was read before a write and stored after it is dead', async () => {
      const { category, list } = fresh();
      const article = await Article.create({ title: 'old', category });
      const reading = env.database.hold(selectArticles, 'after');
      const late = titles(list);
      await reading.reached;
      article.title = 'new';
      await article.save();
      reading.release();
      expect(await late).to.deep.equal(['old']);
      expect(await titles(list)).to.deep.equal(['new']);
    });

    it('A9: who asks after a write was acknowledged does not get the answer of an earlier SELECT', async () => {
      const { category, list } = fresh();
      const article = await Article.create({ title: 'old', category });
      const reading = env.database.hold(selectArticles, 'after');
      const early = titles(list);
      await reading.reached;
      article.title = 'new';
      await article.save();
      const late = titles(list);
      reading.release();
      expect(await early).to.deep.equal(['old']);
      expect(await late).to.deep.equal(['new']);
    });

    it('A12: a row that comes into a condition is seen, also where the condition had none', async () => {
      const { category, list } = fresh();
      expect([await titles(list), await list.count(), await list.exists()]).to.deep.equal([[], 0, false]);
      await Article.create({ title: 'first', category });
      expect([await titles(list), await list.count(), await list.exists()]).to.deep.equal([['first'], 1, true]);
    });

    it('A12: an insert during the SELECT leaves the list dead', async () => {
      const { category, list } = fresh();
      const reading = env.database.hold(selectArticles, 'after');
      const late = list.count();
      await reading.reached;
      await Article.create({ title: 'first', category });
      reading.release();
      expect(await late).to.equal(0);
      expect(await list.count()).to.equal(1);
    });

    it('A13: the old condition is the one that the database had, whatever the writer read', async () => {
      const { category, list } = fresh();
      const { category: second, list: secondList } = fresh();
      const { category: third, list: thirdList } = fresh();
      const article = await Article.create({ title: 'moving', category });
      const stale = await Article.objects.get({ id: article.id });
      await Object.assign(article, { category: second }).save();
      expect(await titles(secondList)).to.deep.equal(['moving']);
      await Object.assign(stale, { category: third }).save();
      expect([await titles(list), await titles(secondList), await titles(thirdList)]).to.deep.equal([
        [],
        [],
        ['moving'],
      ]);
    });

    describe('a list that shows rows which foreign keys lead to', () => {
      const keysOfList = /^SELECT.*DISTINCT "coherence_articles"."author_id"/;
      const shownNames = /^SELECT.*JOIN "coherence_authors"/;

      async function withAuthor(): Promise<{ article: Article; author: Author; names: () => Promise<unknown[]> }> {
        const { category, list } = fresh();
        const author = await Author.create({ name: 'old' });
        const article = await Article.create({ title: 'one', category, author });
        const names = async (): Promise<unknown[]> =>
          (await list.values('author__name')).map((row) => row.author__name);
        return { article, author, names };
      }

      for (const [when, pattern] of [
        ['its keys', keysOfList],
        ['its rows', shownNames],
      ] as const) {
        it(`is dead where such a row changes after ${when} were read`, async () => {
          const { author, names } = await withAuthor();
          const reading = env.database.hold(pattern, 'after');
          const late = names();
          await reading.reached;
          author.name = 'new';
          await author.save();
          reading.release();
          await late;
          expect(await names()).to.deep.equal(['new']);
          author.name = 'newer';
          await author.save();
          expect(await names()).to.deep.equal(['newer']);
        });

        it(`is dead where a key leads elsewhere after ${when} were read`, async () => {
          const { article, names } = await withAuthor();
          const other = await Author.create({ name: 'other' });
          const reading = env.database.hold(pattern, 'after');
          const late = names();
          await reading.reached;
          article.author = other;
          await article.save();
          reading.release();
          await late;
          expect(await names()).to.deep.equal(['other']);
          other.name = 'new';
          await other.save();
          expect(await names()).to.deep.equal(['new']);
        });
      }
    });

    it('A2, A6: a transaction reads past the cache and stores nothing, and what it rolls back is never seen', async () => {
      const { category, list } = fresh();
      await Article.create({ title: 'one', category });
      await list.count();
      const before = env.db.stats();
      await transaction(async () => {
        await Article.create({ title: 'two', category });
        expect(await list.count()).to.equal(2);
        throw new Error('roll back');
      }).catch(() => undefined);
      const after = env.db.stats();
      expect([after.hits - before.hits, after.fills - before.fills]).to.deep.equal([0, 0]);
      expect(await list.count()).to.equal(1);
    });

    it('a failed SELECT is not kept', async () => {
      const { category, list } = fresh();
      env.database.failNext(selectArticles);
      await list.count().then(
        () => expect.fail('the statement failed'),
        () => undefined,
      );
      await Article.create({ title: 'one', category });
      expect(await list.count()).to.equal(1);
    });

    it('a list of what the first of several equals leads to hears of its rows, whichever the first was', async () => {
      const { category: kind } = fresh();
      const [first, second] = await Counter.objects.bulkCreate([{ kind }, { kind }]);
      await Counter.objects.bulkCreate(Array.from({ length: 400 }, () => ({ kind: -kind }))); // fill the page of these two
      for (const counter of [first, second]) await Article.create({ title: 'old', category: counter?.id ?? 0 });
      const one = Counter.objects.filter({ kind }).orderBy('kind').limit(1);
      const list = Article.objects.filter({ category__in: one.column('id') }).cache();
      const reading = env.database.hold(selectArticles, 'before');
      const late = list.all();
      await reading.reached; // it was found which one is the first
      await Counter.objects.filter({ id: first?.id ?? 0 }).update({ hits: 1 }); // PostgreSQL then finds the other one first
      reading.release();
      const [found] = await late;
      await Article.objects.filter({ id: found?.id ?? 0 }).update({ title: 'new' });
      expect(await titles(list)).to.deep.equal(await titles(list.noCache()));
    });

    describe('kept by reference', () => {
      /** Two counters of a kind that no other test has, and their list, read until it comes from the cache. */
      async function counters(): Promise<{ readonly all: Counter[]; readonly list: QuerySet<Counter> }> {
        categories += 1;
        const kind = categories;
        const all = await Counter.objects.bulkCreate([{ kind }, { kind }]);
        const list = Counter.objects.filter({ kind }).orderBy('id').cache();
        await list.all();
        await list.all();
        return { all, list };
      }

      it('never mixes a row that has left with the list that had it', async () => {
        const { all, list } = await counters();
        const [first] = all;
        if (!first) throw new Error('two were stored');
        await Counter.objects.filter({ id: first.id }).update({ hits: 1 }); // its row has to be read again
        const reading = env.database.hold(selectCounters, 'before');
        const late = list.all();
        await reading.reached; // the list was found valid, the row is not read yet
        await Object.assign(await Counter.objects.get({ id: first.id }), { kind: first.kind + 500_000 }).save();
        reading.release();
        const kinds = (await late).map(({ kind }) => kind);
        expect(new Set(kinds).size, 'kinds in one answer').to.equal(1);
        expect((await list.all()).map(({ id }) => id)).to.deep.equal([all[1]?.id]);
      });

      it('never mixes the rows of one moment with the keys of a later one', async () => {
        const { all, list } = await counters();
        const { id = 0, kind = 0 } = all[0] ?? {};
        const other = kind + 600_000;
        const moveTo = async (to: number) => Object.assign(await Counter.objects.get({ id }), { kind: to }).save();
        await moveTo(other); // which ends the list, but not what is remembered of it
        expect((await Counter.cache.get(id)).kind).to.equal(other);
        const author = await Author.create({ name: 'counts' });
        scripts.outer = async () => (await list.all()).map((counter) => counter.kind);
        await Author.cache.get(author.id);
        const reading = env.database.hold(/^SELECT.*"coherence_counters".*ORDER BY/, 'before');
        const late = author.outer();
        await reading.reached; // the rows have been found in the cache, the list is not read yet
        await moveTo(kind);
        reading.release();
        expect(await late, 'kinds in one answer').to.deep.equal([kind, kind]);
        expect(await author.outer()).to.deep.equal([kind, kind]);
      });

      it('never leaves out a row that another took the place of', async () => {
        const { all, list } = await counters();
        const [first, second] = all;
        const limited = list.limit(2);
        await limited.all();
        await limited.all();
        await Counter.objects.filter({ id: first?.id ?? 0 }).update({ hits: 1 });
        const reading = env.database.hold(selectCounters, 'before');
        const late = limited.all();
        await reading.reached;
        const third = await Counter.create({ kind: first?.kind ?? 0 });
        await first?.delete();
        reading.release();
        const ids = (await late).map(({ id }) => id).join();
        // whichever it is, it is one that the database had
        const states = [
          [first, second],
          [first, second, third],
          [second, third],
        ].map((rows) =>
          rows
            .slice(0, 2)
            .map((row) => row?.id)
            .join(),
        );
        expect(states).to.include(ids);
      });
    });
  });
});
