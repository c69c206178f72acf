import { expect } from 'chai';
import { cached, type QuerySet } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Author, Book, bookshopModels, fillBookshop, Review } from '../support/bookshop-models.js';
import { connected } from '../support/connected.js';
import { counted } from '../support/counted.js';
import { Article, Author as Writer, Group, linkedModels, Membership, Tag } from '../support/linked-models.js';
import { statementsOf } from '../support/recorded-statements.js';

interface Named {
  readonly id: number;
}

/** The keys of what `prefetch` put into a property of each row. */
function keysOf(rows: readonly object[], property = 'some'): unknown[] {
  return rows.map((row) => (Reflect.get(row, property) as Named[]).map(({ id }) => id));
}

/** A person's books by a query without prefetch, one person after the other. */
async function oneByOne(query: QuerySet<Book>): Promise<unknown[]> {
  const authors = await Author.objects.orderBy('id').all();
  return Promise.all(authors.map(async ({ id }) => (await query.filter({ author: id }).all()).map((book) => book.id)));
}

describe('a limit of prefetch', () => {
  forEachCombination((combination) => {
    describe('of rows that point here', () => {
      const current = counted(combination, bookshopModels);
      beforeEach(fillBookshop);

      const queries: Readonly<Record<string, () => QuerySet<Book>>> = {
        'the key': () => Book.objects.orderBy('id').limit(1),
        'another column': () => Book.objects.orderBy('-pages').limit(1),
        'a column with nulls': () => Book.objects.orderBy('price', '-id').limit(2),
        'a column of another row': () => Book.objects.orderBy('editor__name', 'id').limit(1),
        'an offset': () => Book.objects.orderBy('-pages', 'id').limit(1).offset(1),
        'an offset alone': () => Book.objects.orderBy('title').offset(1),
        'a condition': () => Book.objects.filter({ pages__lt: 300 }).orderBy('-pages', 'id').limit(1),
        'a condition on other rows': () => Book.objects.filter({ reviews__stars: 1 }).orderBy('-id').limit(1),
        'no rows': () => Book.objects.orderBy('id').limit(0),
      };
      for (const [what, query] of Object.entries(queries)) {
        it(`is of the rows of each instance, by ${what}`, async () => {
          const authors = Author.objects.orderBy('id').prefetch({ name: 'books', query: query(), as: 'some' });
          const wanted = await oneByOne(query());
          const texts = await statementsOf(async () => expect(keysOf(await authors.all())).to.deep.equal(wanted));
          expect(texts.length).to.equal(2);
          for (let turn = 0; turn < 2; turn += 1) {
            expect(keysOf(await authors.cache().all()), `cached, turn ${turn}`).to.deep.equal(wanted);
          }
        });
      }

      it('takes the order of the key where there is none, and is in it', async () => {
        const authors = await Author.objects
          .orderBy('id')
          .prefetch({ name: 'books', query: Book.objects.limit(2), as: 'some' })
          .all();
        expect(keysOf(authors)).to.deep.equal([[1, 2], [3, 5], [4], []]);
      });

      it('loads on from there, and holds for the accessor', async () => {
        const query = Book.objects
          .orderBy('-pages')
          .limit(1)
          .prefetch({ name: 'reviews', query: Review.objects.limit(1) });
        const [ann] = await Author.objects.orderBy('id').prefetch({ name: 'books', query }).all();
        const texts = await statementsOf(async () => {
          const [book, ...others] = (await ann?.books.all()) ?? [];
          expect([book?.title, others.length, (await book?.reviews.all())?.length]).to.deep.equal(['b', 0, 1]);
        });
        expect(texts).to.deep.equal([]);
      });

      it('is right after each write where it is cached, and made again for none that does not matter', async () => {
        const query = Book.objects.orderBy('-pages', 'id').limit(1);
        const authors = Author.objects
          .orderBy('id')
          .filter({ id__in: [1, 2] })
          .cache();
        const read = async (): Promise<unknown> =>
          keysOf(await authors.prefetch({ name: 'books', query, as: 'some' }).all());
        const sql = async (): Promise<number> => (await current().costOf(read)).sql;
        await Author.objects.cache().count(); // notices whatever the set-up did
        expect(await read()).to.deep.equal([[2], [3]]);
        expect(await sql()).to.equal(0);
        await Book.objects.filter({ id: 4 }).update({ pages: 999 });
        expect(await sql(), "a row of another's").to.equal(0);
        await Book.objects.filter({ id: 1 }).update({ pages: 301 });
        expect(await read(), 'one that was not shown moves up').to.deep.equal([[1], [3]]);
        await Book.create({ id: 9, title: 'new', authorId: 2, pages: 500 });
        expect(await read(), 'a new one').to.deep.equal([[1], [9]]);
        await Book.objects.filter({ id: 9 }).delete();
        expect(await read(), 'one goes').to.deep.equal([[1], [3]]);
        await Book.objects.filter({ id: 1 }).update({ authorId: 2 });
        expect(await read(), 'one changes hands').to.deep.equal([[2], [1]]);
        await Book.objects.filter({ id: 2 }).update({ title: 'renamed' });
        expect(await sql(), 'what it shows').to.be.above(0);
      });

      it('is tracked in a computed value', async () => {
        let runs = 0;
        const longest = cached('prefetch-limits.longest', async () => {
          runs += 1;
          const query = Book.objects.orderBy('-pages', 'id').limit(1);
          return keysOf(await Author.objects.orderBy('id').prefetch({ name: 'books', query, as: 'some' }).all());
        });
        expect([await longest(), await longest(), runs]).to.deep.equal([[[2], [3], [4], []], [[2], [3], [4], []], 1]);
        await Book.objects.filter({ id: 5 }).update({ pages: 700 });
        expect(await longest()).to.deep.equal([[2], [5], [4], []]);
        longest.undeclare();
      });
    });

    describe('of linked rows', () => {
      connected(combination, linkedModels);

      async function populate(): Promise<void> {
        await Writer.objects.bulkCreate([1, 2, 3].map((id) => ({ id, name: `w${4 - id}` })));
        await Article.objects.bulkCreate([1, 2, 3].map((id) => ({ id, title: `t${id}`, authorId: 1 })));
        await Tag.objects.bulkCreate([1, 2, 3, 4].map((id) => ({ id, name: `n${5 - id}` })));
        const [one, two] = (await Article.objects.orderBy('id').all()) as [Article, Article];
        await one.tags.set([1, 2, 3]);
        await two.tags.set([3, 4]);
      }
      beforeEach(populate);

      it('is of the rows of each instance, in the order of the query', async () => {
        const query = Tag.objects.orderBy('name').limit(2);
        const articles = Article.objects.orderBy('id').prefetch({ name: 'tags', query, as: 'some' });
        const texts = await statementsOf(async () => {
          expect(keysOf(await articles.all())).to.deep.equal([[3, 2], [4, 3], []]);
        });
        expect(texts.length).to.equal(3);
        const others = Tag.objects
          .orderBy('id')
          .prefetch({ name: 'articles', query: Article.objects.orderBy('-title').limit(1), as: 'some' });
        expect(keysOf(await others.all())).to.deep.equal([[1], [1], [2], [2]]);
        const filtered = Tag.objects
          .filter({ name__in: ['n4', 'n2'] })
          .orderBy('-name')
          .offset(1);
        const rest = Article.objects.orderBy('id').prefetch({ name: 'tags', query: filtered, as: 'some' });
        expect(keysOf(await rest.all())).to.deep.equal([[3], [], []]);
      });

      it('counts a row once that two links lead to', async () => {
        const group = await Group.create({ name: 'all' });
        for (const memberId of [3, 3, 2, 1]) await Membership.create({ group, memberId });
        const query = Writer.objects.orderBy('name').limit(2);
        const [all] = await Group.objects.prefetch({ name: 'members', query, as: 'some' }).all();
        expect(keysOf([all as Group])).to.deep.equal([[3, 2]]);
      });

      it('is right after each write where it is cached', async () => {
        const read = async (): Promise<unknown> => {
          const query = Tag.objects.orderBy('name').limit(1);
          return keysOf(
            await Article.objects.orderBy('id').cache().prefetch({ name: 'tags', query, as: 'some' }).all(),
          );
        };
        expect(await read()).to.deep.equal([[3], [4], []]);
        await Tag.objects.filter({ id: 1 }).update({ name: 'n0' });
        expect(await read(), 'the order').to.deep.equal([[1], [4], []]);
        const [one, two, three] = (await Article.objects.orderBy('id').all()) as [Article, Article, Article];
        await one.tags.remove(1);
        expect(await read(), 'a link that goes').to.deep.equal([[3], [4], []]);
        await three.tags.add(2);
        expect(await read(), 'a link that comes').to.deep.equal([[3], [4], [2]]);
        await two.tags.clear();
        await Tag.objects.filter({ id: 3 }).delete();
        expect(await read(), 'a row that goes').to.deep.equal([[2], [], [2]]);
      });
    });
  });
});
