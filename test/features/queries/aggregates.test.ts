import { expect } from 'chai';
import { avg, count, DatabaseError, max, min, sum } from '../../../src/index.js';
import { forEachCombination } from '../../setup/combinations.js';
import { Author, Book, bookshopModels, fillBookshop, Review } from '../../support/bookshop-models.js';
import { connected } from '../../support/connected.js';
import { statementsOf } from '../../support/recorded-statements.js';
import { rejection } from '../../support/rejection.js';

forEachCombination((combination) => {
  describe('aggregates', () => {
    const db = connected(combination, bookshopModels);
    beforeEach(fillBookshop);

    it('are exact, whatever the column', async () => {
      const published = [new Date(1000), new Date(2000)] as const;
      await Book.objects.filter({ id: 1 }).update({ sold: 2n ** 62n, weight: 0.5, publishedAt: published[0] });
      await Book.objects
        .filter({ id: 2 })
        .update({ sold: 2n ** 62n, price: '12345678901234567890.125', publishedAt: published[1] });
      await Book.objects.filter({ id: 3 }).update({ sold: 2n ** 62n + 1n, weight: 0.25 });
      const found = await Book.objects.aggregate({
        books: count(),
        priced: count('price'),
        prices: count('price', { distinct: true }),
        pages: sum('pages'),
        sold: sum('sold'),
        price: sum('price'),
        weight: sum('weight'),
        dearest: max('price'),
        cheapest: min('price'),
        most: max('sold'),
        first: min('publishedAt'),
        last: max('title'),
        mean: avg('pages'),
        meanSold: avg('sold'),
        author: max('author__name'),
        editor: min('editor__email'),
      });
      expect(found).to.deep.equal({
        books: 5,
        priced: 4,
        prices: 3,
        pages: 750,
        sold: 2n ** 62n * 3n + 1n,
        price: '12345678901234567916.375',
        weight: 0.75,
        dearest: '12345678901234567890.125',
        cheapest: '7.25',
        most: 2n ** 62n + 1n,
        first: published[0],
        last: 'e',
        mean: 150,
        meanSold: 2 ** 62,
        author: 'Cem',
        editor: 'cem@x.org',
      });
    });

    it('of no rows are null, and none are counted', async () => {
      const none = Book.objects.filter({ id__in: [] });
      const asked = { n: count(), s: sum('sold'), a: avg('pages'), m: max('title'), p: min('price') };
      expect(await none.aggregate(asked)).to.deep.equal({ n: 0, s: null, a: null, m: null, p: null });
    });

    it('are of the rows within a limit', async () => {
      const longest = Book.objects.orderBy('-pages').limit(2);
      expect(await longest.aggregate({ n: count(), pages: sum('pages'), price: max('price') })).to.deep.equal({
        n: 2,
        pages: 500,
        price: '20',
      });
      expect(
        await Book.objects
          .orderBy('author__name', 'id')
          .offset(3)
          .aggregate({ pages: sum('pages') }),
      ).to.deep.equal({ pages: 150 });
    });

    if (combination.database !== 'postgres') {
      it('refuse a sum that a number does not hold', async () => {
        const wide = { pages: Number.MAX_SAFE_INTEGER, status: 'out' };
        await db()
          .knex('bookshop_books')
          .insert([
            { title: 'x', author_id: 1, ...wide },
            { title: 'y', author_id: 1, ...wide },
          ]);
        await rejection(
          Book.objects.filter({ title__in: ['x', 'y'] }).aggregate({ pages: sum('pages') }),
          DatabaseError,
          "the sum of 'pages' is larger than a JavaScript number holds exactly; make it a bigint column",
        );
      });
    }

    it('are one statement', async () => {
      const texts = await statementsOf(() => Book.objects.aggregate({ n: count(), most: max('pages') }));
      expect(texts).to.have.length(1);
    });
  });

  describe('groups', () => {
    const db = connected(combination, bookshopModels);
    beforeEach(fillBookshop);

    it('are the rows with the same values', async () => {
      const byStatus = await Book.objects
        .groupBy('status')
        .aggregate({ n: count(), pages: sum('pages') }, { orderBy: ['status'] });
      expect(byStatus).to.deep.equal([
        { status: 'draft', n: 2, pages: 150 },
        { status: 'gone', n: 1, pages: 200 },
        { status: 'out', n: 2, pages: 400 },
      ]);
      const byAuthor = await Book.objects
        .groupBy('author__name')
        .aggregate({ n: count() }, { orderBy: ['-n', 'author__name'] });
      expect(byAuthor).to.deep.equal([
        { author__name: 'Ann', n: 2 },
        { author__name: 'Bob', n: 2 },
        { author__name: 'Cem', n: 1 },
      ]);
    });

    it('are of several columns, and nulls are a group', async () => {
      const found = await Book.objects
        .groupBy('editor__name', 'status')
        .aggregate({ price: max('price') }, { orderBy: ['editor__name', '-status'] });
      expect(found).to.deep.equal([
        { editor__name: 'Bob', status: 'out', price: '9.5' },
        { editor__name: 'Cem', status: 'gone', price: null },
        { editor__name: 'Dee', status: 'draft', price: '9.5' },
        { editor__name: null, status: 'out', price: '20' },
        { editor__name: null, status: 'draft', price: '7.25' },
      ]);
    });

    it('are ordered by what is computed, and cut', async () => {
      const groups = Review.objects
        .groupBy('book__author')
        .aggregate({ stars: avg('stars') }, { orderBy: ['-stars'], limit: 1 });
      expect(await groups).to.deep.equal([{ book__author: 1, stars: 3 }]);
      const byPrice = Book.objects
        .groupBy('author')
        .aggregate({ price: sum('price') }, { orderBy: ['price'], offset: 1 });
      expect(await byPrice).to.deep.equal([
        { author: 3, price: '9.5' },
        { author: 1, price: '29.5' },
      ]);
    });

    it('are those of SQL by hand', async () => {
      const byHand: unknown = await db()
        .knex('bookshop_books AS b')
        .join('bookshop_authors AS a', 'a.id', 'b.author_id')
        .where('b.pages', '>=', 100)
        .groupBy('a.name')
        .orderBy('a.name')
        .select('a.name', db().knex.raw('CAST(SUM(b.pages) AS integer) AS pages'));
      const found = await Book.objects
        .filter({ pages__gte: 100 })
        .groupBy('author__name')
        .aggregate({ pages: sum('pages') }, { orderBy: ['author__name'] });
      expect(found.map(({ author__name, pages }) => ({ name: author__name, pages }))).to.deep.equal(byHand);
      expect(await Author.objects.filter({ id: 77 }).groupBy('name').aggregate({ n: count() })).to.deep.equal([]);
    });
  });
});
