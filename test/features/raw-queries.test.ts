import { expect } from 'chai';
import { cached, DatabaseError, transaction, UsageError } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Author, Book, bookshopModels, fillBookshop, Review } from '../support/bookshop-models.js';
import { counted } from '../support/counted.js';
import { rejection } from '../support/rejection.js';

/** What the types refuse and a caller without types may pass all the same. */
const untyped = (value: unknown): never => value as never;

const allBooks = 'SELECT * FROM bookshop_books';

describe('objects.raw()', () => {
  forEachCombination((combination) => {
    const current = counted(combination, bookshopModels);
    beforeEach(fillBookshop);

    it('gives instances whose every column is what a query set reads, in the order of the SQL', async () => {
      await Book.objects.filter({ id: 2 }).update({
        publishedAt: new Date('2020-02-03T04:05:06.789Z'),
        sold: 9_007_199_254_740_993n,
        weight: 0.1,
        meta: { a: [1, 'x'] },
      });
      const books = await Book.objects.raw(`${allBooks} ORDER BY pages DESC, title -- the longest first\n;`);
      expect(books.map(({ title }) => title)).to.deep.equal(['b', 'c', 'a', 'e', 'd']);
      expect(books).to.deep.equal(await Book.objects.orderBy('-pages', 'title').all());
      expect(books.every((book) => book instanceof Book && book.isPersisted)).to.equal(true);
      const [book] = books as [Book];
      book.title = 'changed';
      await book.save();
      expect(await Book.objects.filter({ title: 'changed' }).ids()).to.deep.equal([2]);
    });

    it('takes what query sets cannot say', async () => {
      const sql = `WITH longest AS (SELECT author_id, MAX(pages) AS pages FROM bookshop_books GROUP BY author_id)
        SELECT book.* FROM bookshop_books AS book JOIN longest ON longest.author_id = book.author_id
        AND longest.pages = book.pages WHERE book.pages > ? ORDER BY book.id`;
      expect((await Book.objects.raw(sql, [60])).map(({ id }) => id)).to.deep.equal([2, 3]);
    });

    it('binds values of every kind, and names', async () => {
      const when = new Date('2020-02-03T04:05:06.789Z');
      await Book.objects
        .filter({ id: 3 })
        .update({ publishedAt: when, sold: 12n, title: "'; DROP TABLE bookshop_books" });
      const ids = async (where: string, ...bindings: never[]): Promise<number[]> =>
        (await Book.objects.raw(`${allBooks} WHERE ${where} ORDER BY id`, bindings)).map(({ id }) => id);
      expect(await ids('published_at = ?', untyped(when))).to.deep.equal([3]);
      expect(await ids('sold = ? AND pages = ?', untyped(12n), untyped(200))).to.deep.equal([3]);
      expect(await ids('title = ?', untyped("'; DROP TABLE bookshop_books"))).to.deep.equal([3]);
      expect(await ids('?? = ?', untyped('title'), untyped('a'))).to.deep.equal([1]);
      expect(await ids("title = 'a' AND ? AND 'x' <> '\\?'", untyped(true))).to.deep.equal([1]);
      expect(await ids('COALESCE(editor_id, ?) = 2', untyped(null))).to.deep.equal([1]);
    });

    it('joins a transaction', async () => {
      await transaction(async () => {
        await Book.objects.filter({ id: 1 }).update({ title: 'mine' });
        const [book] = await Book.objects.raw(`${allBooks} WHERE id = ?`, [1]);
        expect(book?.title).to.equal('mine');
      });
    });

    it('always asks the database, and asks once for the columns of a text', async () => {
      const read = (pages: number) => Book.objects.raw(`${allBooks} WHERE pages > ? /* once */`, [pages]);
      expect((await current().costOf(() => read(100))).sql).to.equal(2);
      expect((await current().costOf(() => read(100))).sql).to.equal(1);
      expect((await current().costOf(() => read(50))).sql).to.equal(1);
    });

    describe('in a computed value', () => {
      let runs = 0;
      beforeEach(() => (runs = 0));
      const longestOf = async (watch?: object): Promise<string | undefined> => {
        runs += 1;
        const [book] = await Book.objects.raw(`${allBooks} ORDER BY pages DESC LIMIT 1`, [], untyped(watch));
        return book?.title;
      };
      const unwatched = cached('raw.unwatched', () => longestOf());
      const watched = cached('raw.watched', () => longestOf({ watch: [Book.objects.filter({ author: 1 })] }));
      const watching = cached('raw.watching', () => longestOf(), { watch: [Book] });
      const outer = cached('raw.outer', () => unwatched(), { watch: [Author] });
      after(() => [unwatched, watched, watching, outer].forEach((one) => one.undeclare()));

      it('keeps nothing where nobody says what the SQL reads', async () => {
        await unwatched();
        await unwatched();
        expect(runs).to.equal(2);
        await outer();
        await outer();
        expect(runs, 'a value around it cannot know either').to.equal(4);
      });

      it('is kept until what it watches is written', async () => {
        expect([await watched(), await watched()]).to.deep.equal(['b', 'b']);
        await Review.create({ id: 9, bookId: 1, stars: 2 });
        await Book.objects.filter({ id: 3 }).update({ pages: 210 });
        expect([await watched(), runs]).to.deep.equal(['b', 1]);
        await Book.objects.filter({ id: 2 }).update({ pages: 1 });
        expect([await watched(), await watched(), runs]).to.deep.equal(['c', 'c', 2]);
      });

      it('is kept where the value itself says what it watches', async () => {
        expect([await watching(), await watching(), runs]).to.deep.equal(['b', 'b', 1]);
        await Book.objects.filter({ id: 3 }).update({ pages: 1000 });
        expect([await watching(), runs]).to.deep.equal(['c', 2]);
      });
    });

    it('refuses SQL that writes, and that is none', async () => {
      for (const sql of [
        'DELETE FROM bookshop_reviews RETURNING *',
        'SELECT * FROM bookshop_books; DELETE FROM bookshop_reviews',
        'WITH gone AS (DELETE FROM bookshop_reviews RETURNING *) SELECT * FROM gone',
        'SELEC 1',
      ]) {
        await rejection(Review.objects.raw(sql), DatabaseError);
      }
      expect(await Review.objects.count()).to.equal(4);
    });

    const refused: readonly (readonly [string, readonly unknown[], string])[] = [
      [
        'a column is missing',
        ['SELECT id, text FROM bookshop_reviews'],
        "the SQL gives no column 'stars', and an instance has all columns of bookshop.Review; select bookshop_reviews.*",
      ],
      [
        'there is another column',
        ['SELECT *, 1 AS rank FROM bookshop_reviews'],
        "the column 'rank' of the SQL is none of bookshop.Review; select bookshop_reviews.*, or use db.knex",
      ],
      ['there are too few bindings', ['SELECT ?', []], 'Expected 0 bindings, saw 1'],
      ['there are too many', ['SELECT ?', [1, 2]], 'Expected 2 bindings, saw 1'],
      [
        'a binding is undefined',
        ['SELECT ?', [undefined]],
        'binding 1 is undefined; give text, a number, a boolean, a Date, bytes or null',
      ],
      [
        'a binding is an object',
        ['SELECT ?', [{}]],
        'binding 1 is an object; give text, a number, a boolean, a Date, bytes or null',
      ],
      [
        'a binding has a NUL',
        ['SELECT ?', ['a\0']],
        'binding 1 contains a NUL character, which PostgreSQL cannot store; remove it',
      ],
      [
        'the SQL has a NUL',
        ['SELECT \0'],
        'the SQL contains a NUL character, which PostgreSQL cannot store; remove it',
      ],
      ['there is no SQL', [' '], "expected SQL that reads rows, such as 'SELECT * FROM …'; got text"],
      ['the SQL is something else', [5], "expected SQL that reads rows, such as 'SELECT * FROM …'; got a number"],
      ['the bindings are no list', ['SELECT 1', { a: 1 }], 'the bindings are a list, one for each ?; got an object'],
      ['an option is unknown', ['SELECT 1', [], { wach: [] }], "unknown option 'wach'; use watch"],
      [
        'watch is no list',
        ['SELECT 1', [], { watch: Book }],
        'watch is a list of models and query sets, got a function',
      ],
    ];
    for (const [what, args, message] of refused) {
      it(`refuses it where ${what}`, async () => {
        const raw = Review.objects.raw(...(args as Parameters<typeof Review.objects.raw>));
        await rejection(raw, UsageError, `bookshop.Review.objects.raw(): ${message}`);
      });
    }

    it('refuses it where a column comes twice', async () => {
      const twice = "the column 'id' of the SQL comes twice";
      const renamed = "the column 'id:1' of the SQL is none of bookshop.Review"; // as SQLite calls the second one
      await rejection(
        Review.objects.raw('SELECT review.*, review.id FROM bookshop_reviews AS review'),
        UsageError,
        `bookshop.Review.objects.raw(): ${combination.database === 'postgres' ? twice : renamed}; select bookshop_reviews.*, or use db.knex`,
      );
    });

    it('takes lists on PostgreSQL alone', async () => {
      const raw = Book.objects.raw(`${allBooks} WHERE id = ANY(?) ORDER BY id`, [[1, 3]]);
      if (combination.database === 'postgres') {
        expect((await raw).map(({ id }) => id)).to.deep.equal([1, 3]);
      } else {
        await rejection(
          raw,
          UsageError,
          'bookshop.Book.objects.raw(): binding 1 is a list, which SQLite does not take; write one ? for each value',
        );
      }
    });
  });
});
