import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { invalidate, invalidateAll, invalidateModel, postponeInvalidation } from '../../src/index.js';
import { forEachEnvironment } from './support/environment.js';
import { Article, Author, Comment, scripts } from './support/models.js';

let lastCategory = 1000;

describe('what a write touches', () => {
  forEachEnvironment((env) => {
    let author: Author;
    let category: number;

    beforeEach(async () => {
      author = await Author.create({ name: 'self' });
      category = lastCategory += 10;
    });

    describe('A11: rows that were not there', () => {
      const free = (): number => author.id + 1_000_000;

      it('are found after create', async () => {
        const id = free();
        expect(await Author.cache.find(id)).to.equal(undefined);
        await Author.create({ id, name: 'new' });
        expect((await Author.cache.get(id)).name).to.equal('new');
      });

      it('are found after bulkCreate, by key and by unique value', async () => {
        const id = free();
        const slug = `bulk-${id}`;
        expect(await Author.cache.find(id)).to.equal(undefined);
        expect(await Author.cache.find({ slug })).to.equal(undefined);
        await Author.objects.bulkCreate([{ id, name: 'new', slug }]);
        expect((await Author.cache.get(id)).name).to.equal('new');
        expect((await Author.cache.get({ slug })).id).to.equal(id);
      });

      it('are found after a bulkCreate of more rows than are told one by one', async () => {
        const id = free();
        expect(await Author.cache.find(id)).to.equal(undefined);
        await Author.objects.bulkCreate(Array.from({ length: 501 }, (_, index) => ({ id: id + index, name: 'new' })));
        expect((await Author.cache.get(id)).name).to.equal('new');
      });

      it('are found after an update of a query set moves the unique value to them', async () => {
        const slug = `moved-${author.id}`;
        expect(await Author.cache.find({ slug })).to.equal(undefined);
        await Author.objects.filter({ id: author.id }).update({ slug });
        expect((await Author.cache.get({ slug })).id).to.equal(author.id);
      });

      it('are gone after delete', async () => {
        await Author.cache.get(author.id);
        await author.delete();
        expect(await Author.cache.find(author.id)).to.equal(undefined);
      });
    });

    describe('A12: phantoms', () => {
      const counts: readonly (readonly [string, () => Promise<number>, number])[] = [
        ['an equality', () => Article.objects.filter({ category }).count(), 1],
        ['a list', () => Article.objects.filter({ category__in: [category, category + 1] }).count(), 1],
        [
          'a comparison',
          () => Article.objects.filter({ category__gte: category, category__lt: category + 10 }).count(),
          1,
        ],
        [
          'a negation',
          () =>
            Article.objects
              .filter({ views: 4711 + category })
              .exclude({ category: 0 })
              .count(),
          1,
        ],
        ['a column without an index', () => Article.objects.filter({ views: 4711 + category }).count(), 1],
        ['two columns', () => Article.objects.filter({ category, views: 4711 + category }).count(), 1],
        ['a foreign key', () => Article.objects.filter({ author }).count(), 1],
        [
          'no condition',
          () =>
            Article.objects
              .filter({ id__gt: 0 })
              .filter({ title: `t${category}` })
              .count(),
          1,
        ],
      ];
      const values = () => ({ title: `t${category}`, category, views: 4711 + category, author });

      for (const [what, count, more] of counts) {
        it(`correct a count by ${what}: create, bulkCreate, move in, move out, delete`, async () => {
          scripts.outer = async () => count();
          expect(await author.outer()).to.equal(0);
          const article = await Article.create(values());
          expect(await author.outer(), 'create').to.equal(more);
          await Article.objects.bulkCreate([values()]);
          expect(await author.outer(), 'bulkCreate').to.equal(2 * more);
          await Article.objects
            .filter({ id: article.id })
            .update({ title: 'x', category: 1, views: 0, authorId: null });
          expect(await author.outer(), 'move out').to.equal(more);
          await Article.objects
            .filter({ id: article.id })
            .update({ title: `t${category}`, category, views: 4711 + category, author });
          expect(await author.outer(), 'move in').to.equal(2 * more);
          await Article.objects.filter({ id: article.id }).delete();
          expect(await author.outer(), 'delete').to.equal(more);
        });
      }

      it('correct a list that the order and a limit cut off', async () => {
        scripts.outer = async () =>
          (await Article.objects.filter({ category }).orderBy('-views').limit(1).all()).map(({ title }) => title);
        await Article.create({ title: 'first', category, views: 1 });
        expect(await author.outer()).to.deep.equal(['first']);
        await Article.create({ title: 'second', category, views: 2 });
        expect(await author.outer()).to.deep.equal(['second']);
      });
    });

    describe('A13: the old values come from the database', () => {
      const countIn = async (where: number): Promise<unknown> => {
        scripts.outer = async (_, wanted) => Article.objects.filter({ category: Number(wanted) }).count();
        return author.outer(where);
      };

      it('when another writer moved the row since the instance read it', async () => {
        const article = await Article.create({ title: 'moving', category });
        const mine = await Article.objects.get({ id: article.id });
        await Article.objects.filter({ id: article.id }).update({ category: category + 1 });
        expect(await countIn(category + 1)).to.equal(1);
        mine.category = category + 2;
        await mine.save();
        expect(await countIn(category + 1)).to.equal(0);
        expect(await countIn(category + 2)).to.equal(1);
      });

      it('when a stale instance is deleted', async () => {
        const article = await Article.create({ title: 'moving', category });
        const mine = await Article.objects.get({ id: article.id });
        await Article.objects.filter({ id: article.id }).update({ category: category + 1 });
        expect(await countIn(category + 1)).to.equal(1);
        await mine.delete();
        expect(await countIn(category + 1)).to.equal(0);
      });

      it('when another writer moves the row between the read and the update', async () => {
        const article = await Article.create({ title: 'moving', category });
        const updating = env.database.hold(/^UPDATE "coherence_articles"/, 'before');
        article.category = category + 2;
        const saving = article.save();
        await updating.reached;
        await Article.objects.filter({ id: article.id }).update({ category: category + 1 });
        expect(await countIn(category + 1)).to.equal(1);
        updating.release();
        await saving;
        expect(await countIn(category + 1)).to.equal(0);
        expect(await countIn(category + 2)).to.equal(1);
      });
    });

    describe('A16: cascades', () => {
      it('drop the rows, the lists and the counts of what the database deleted along', async () => {
        const article = await Article.create({ title: 'a', category, author });
        const comment = await Comment.create({ text: 'c', article });
        const observer = await Author.create({ name: 'observer' });
        scripts.outer = async () => [
          await Article.objects.filter({ category }).count(),
          await Comment.objects.filter({ article: article.id }).count(),
        ];
        expect(await observer.outer()).to.deep.equal([1, 1]);
        await Article.cache.get(article.id);
        await Comment.cache.get(comment.id);
        await author.delete();
        expect(await Article.cache.find(article.id)).to.equal(undefined);
        expect(await Comment.cache.find(comment.id)).to.equal(undefined);
        expect(await observer.outer()).to.deep.equal([0, 0]);
      });

      it('drop them also for a delete of a query set', async () => {
        const article = await Article.create({ title: 'a', category, author });
        await Article.cache.get(article.id);
        await Author.objects.filter({ id: author.id }).delete();
        expect(await Article.cache.find(article.id)).to.equal(undefined);
      });
    });

    describe('by hand', () => {
      const rename = (name: string) => env.db.knex('coherence_authors').where({ id: author.id }).update({ name });

      /** On SQLite raw SQL is noticed; there these only must not do harm. */
      const expectedBefore = env.databaseKind === 'postgres' ? 'self' : 'raw';

      for (const [what, run] of [
        ['cache.invalidate by key', () => Author.cache.invalidate(author.id)],
        ['cache.invalidate by unique value', () => Author.cache.invalidate({ slug: `hand-${author.id}` })],
        ['invalidate(instance)', () => invalidate(author)],
        ['invalidateModel', () => invalidateModel(Author)],
        ['db.invalidateModel', () => env.db.invalidateModel(Author)],
        ['invalidateAll', () => invalidateAll()],
        ['db.invalidateAll', () => env.db.invalidateAll()],
      ] as const) {
        it(`${what} drops the row, what is computed from it, and what its values lead to`, async () => {
          const slug = `hand-${author.id}`;
          author.slug = slug;
          await author.save();
          scripts.outer = async (self) => self.name;
          const seen = async () => [
            (await Author.cache.get(author.id)).name,
            (await Author.cache.get({ slug })).name,
            await author.outer(),
          ];
          expect(await seen()).to.deep.equal(['self', 'self', 'self']);
          await rename('raw');
          expect(await seen()).to.deep.equal([expectedBefore, expectedBefore, expectedBefore]);
          await run();
          expect(await seen()).to.deep.equal(['raw', 'raw', 'raw']);
        });
      }

      it('postponeInvalidation drops everything at its end, also where it fails', async () => {
        await Author.cache.get(author.id);
        const failed = postponeInvalidation(async () => {
          author.name = 'new';
          await author.save();
          expect((await Author.cache.explain(author.id)).state).to.equal('hit');
          throw new Error('fails');
        });
        await failed.catch(() => undefined);
        expect((await Author.cache.get(author.id)).name).to.equal('new');
      });
    });
  });
});
