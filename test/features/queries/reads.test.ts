import { expect } from 'chai';
import {
  transaction,
  TransactionConflictError,
  UsageError,
  type KeyedPage,
  type QuerySet,
} from '../../../src/index.js';
import { forEachCombination } from '../../setup/combinations.js';
import { Author, Book, bookshopModels, fillBookshop, Review } from '../../support/bookshop-models.js';
import { connected } from '../../support/connected.js';
import { statementsOf } from '../../support/recorded-statements.js';
import { rejection } from '../../support/rejection.js';

async function titles(books: QuerySet<Book>): Promise<string> {
  return (await books.all()).map(({ title }) => title).join('');
}

function gate(): { readonly promise: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open: () => open() };
}

/** All pages of a query, one after the other. */
async function pagesOf(books: QuerySet<Book>, pageSize: number): Promise<string[]> {
  const pages: string[] = [];
  for (let after: string | undefined; ;) {
    const page: KeyedPage<Book> = await books.paginate({ after, pageSize });
    pages.push(page.items.map(({ title }) => title).join(''));
    expect(page.hasNext).to.equal(page.next !== undefined);
    if (!page.hasNext) return pages;
    after = page.next;
  }
}

/** Every order that a test of pages and streams goes through; nulls and ties are in all of them. */
const orders = [
  ['title'],
  ['-title'],
  ['pages'],
  ['-pages', 'title'],
  ['price', '-title'],
  ['-price'],
  ['editor'],
  ['-editor__name', 'pages'],
  ['editor__email', '-price'],
  ['author__mentor__name', '-editor__name'],
  ['-author__mentor__email', 'status'],
  ['-sold', 'publishedAt'],
] as const;

forEachCombination((combination) => {
  describe('the order of a query', () => {
    connected(combination, bookshopModels);
    beforeEach(fillBookshop);

    it('goes through foreign keys, and nulls are the largest values', async () => {
      expect(await titles(Book.objects.orderBy('author__name', 'title'))).to.equal('abced');
      expect(await titles(Book.objects.orderBy('-author__name', '-title'))).to.equal('decba');
      expect(await titles(Book.objects.orderBy('editor__name', 'title'))).to.equal('acdbe');
      expect(await titles(Book.objects.orderBy('-editor__name', 'title'))).to.equal('bedca');
      expect(await titles(Book.objects.orderBy('author__mentor__name', 'title'))).to.equal('cedab');
      expect(
        await titles(Book.objects.filter({ author__name: 'Bob' }).orderBy('-author__mentor__name', 'pages')),
      ).to.equal('ec');
      expect(await titles(Book.objects.orderBy('author', '-title'))).to.equal('baecd');
    });

    it('joins nothing for the key of the row there', async () => {
      const texts = await statementsOf(() => Book.objects.orderBy('author__id', 'editor').all());
      expect(texts.join()).not.to.include('JOIN');
    });

    it('is turned round, and taken away', async () => {
      expect(await titles(Book.objects.orderBy('pages', '-title').reverse())).to.equal('bcaed');
      expect(await titles(Book.objects.reverse())).to.equal('edcba');
      expect(await titles(Book.objects.orderBy('title').reverse().reverse())).to.equal('abcde');
      const texts = await statementsOf(() => Book.objects.orderBy('title').orderBy().all());
      expect(texts.join()).not.to.include('ORDER BY');
    });

    it('has a first and a last', async () => {
      expect(await Book.objects.orderBy('pages', 'title').first()).to.include({ title: 'd' });
      expect(await Book.objects.orderBy('pages', 'title').last()).to.include({ title: 'b' });
      expect(await Book.objects.last()).to.include({ title: 'e' });
      expect(await Book.objects.filter({ pages: 7 }).last()).to.equal(undefined);
      expect(await Book.objects.orderBy('title').offset(1).first()).to.include({ title: 'b' });
    });
  });

  describe('values', () => {
    const db = connected(combination, bookshopModels);
    beforeEach(fillBookshop);

    it('are columns as objects, also of rows that foreign keys lead to', async () => {
      const rows = await Book.objects
        .orderBy('id')
        .limit(2)
        .values('title', 'price', 'author__name', 'editor__mentor__name');
      expect(rows).to.deep.equal([
        { title: 'a', price: '9.5', author__name: 'Ann', editor__mentor__name: 'Ann' },
        { title: 'b', price: '20', author__name: 'Ann', editor__mentor__name: null },
      ]);
      const published = new Date(1234567890123);
      await Book.objects.filter({ id: 1 }).update({ publishedAt: published, sold: 2n ** 60n, meta: { a: [1] } });
      const [row] = await Book.objects.filter({ id: 1 }).values('publishedAt', 'sold', 'meta', 'author', 'editor__id');
      expect(row).to.deep.equal({
        publishedAt: published,
        sold: 2n ** 60n,
        meta: { a: [1] },
        author: 1,
        editor__id: 2,
      });
    });

    it('are all columns where none is named', async () => {
      const [author] = await Author.objects.orderBy('id').values();
      expect(author).to.deep.equal({ id: 1, name: 'Ann', email: 'ann@x.org', mentorId: null });
    });

    it('come once with distinct()', async () => {
      const distinct = Book.objects.distinct();
      expect(await distinct.orderBy('pages').values('pages')).to.deep.equal(
        [50, 100, 200, 300].map((pages) => ({ pages })),
      );
      expect(await distinct.orderBy('-author__name').limit(2).values('author__name')).to.deep.equal([
        { author__name: 'Cem' },
        { author__name: 'Bob' },
      ]);
      expect(await distinct.orderBy('editorId').offset(3).values('editorId')).to.deep.equal([{ editorId: null }]);
      expect(await distinct.values('status', 'pages')).to.have.length(5);
      expect(await distinct.count()).to.equal(5);
    });

    it('of the primary key are ids', async () => {
      expect(await Book.objects.orderBy('-id').limit(2).ids()).to.deep.equal([5, 4]);
      const texts = await statementsOf(() => Book.objects.ids());
      expect(texts).to.have.length(1);
      expect(texts[0]).not.to.include('title');
    });

    it('are those of SQL by hand', async () => {
      const byHand: unknown = await db()
        .knex('bookshop_books AS b')
        .leftJoin('bookshop_authors AS e', 'e.id', 'b.editor_id')
        .select('b.title', 'e.name')
        .orderBy('b.id');
      const values = await Book.objects.orderBy('id').values('title', 'editor__name');
      expect(values.map(({ title, editor__name }) => ({ title, name: editor__name }))).to.deep.equal(byHand);
    });
  });

  describe('pages', () => {
    connected(combination, bookshopModels);
    beforeEach(fillBookshop);

    it('by number tell how many there are', async () => {
      const books = Book.objects.filter({ pages__lte: 200 }).orderBy('pages');
      const { items, ...first } = await books.paginate({ page: 1, pageSize: 3 });
      expect(items.map(({ title }) => title)).to.deep.equal(['d', 'a', 'e']);
      expect(first).to.deep.equal({ total: 4, page: 1, pages: 2, hasNext: true, hasPrevious: false });
      const { items: rest, ...last } = await books.paginate({ page: 2, pageSize: 3 });
      expect(rest.map(({ title }) => title)).to.deep.equal(['c']);
      expect(last).to.deep.equal({ total: 4, page: 2, pages: 2, hasNext: false, hasPrevious: true });
      const beyond = await books.paginate({ page: 9, pageSize: 3 });
      expect(beyond).to.deep.equal({ items: [], total: 4, page: 9, pages: 2, hasNext: false, hasPrevious: true });
      const none = await Book.objects.filter({ pages: 7 }).paginate({ pageSize: 3 });
      expect(none).to.deep.equal({ items: [], total: 0, page: 1, pages: 0, hasNext: false, hasPrevious: false });
    });

    it('by number count only where the page does not tell', async () => {
      const full = await statementsOf(() => Book.objects.paginate({ page: 1, pageSize: 5 }));
      const last = await statementsOf(() => Book.objects.paginate({ page: 2, pageSize: 3 }));
      expect([full.length, last.length]).to.deep.equal([2, 1]);
    });

    it('by key are all rows, each once, in every order', async () => {
      for (const order of orders) {
        const books = Book.objects.orderBy(...order);
        const all = await pagesOf(books, 100);
        expect(all).to.have.length(1);
        for (const size of [1, 2, 3]) {
          expect((await pagesOf(books, size)).join(''), `${order.join()} by ${size}`).to.equal(all[0]);
        }
        expect(
          Array.from(all[0] ?? '')
            .sort()
            .join(''),
        ).to.equal('abcde');
      }
    });

    it('by key do not move when rows come and go', async () => {
      const books = Book.objects.orderBy('title');
      const { next } = await books.paginate({ after: null, pageSize: 2 });
      await Book.objects.filter({ title: 'a' }).update({ title: 'aa' });
      await Book.create({ id: 9, title: 'ab', authorId: 1 });
      const second = await books.paginate({ after: next, pageSize: 2 });
      expect(second.items.map(({ title }) => title)).to.deep.equal(['c', 'd']);
    });

    it('by key are one statement, and count nothing', async () => {
      const texts = await statementsOf(() => Book.objects.paginate({ after: undefined, pageSize: 2 }));
      expect(texts).to.have.length(1);
    });
  });

  describe('for await', () => {
    connected(combination, bookshopModels);
    beforeEach(fillBookshop);

    it('gives the rows that all() gives, in every order and slice', async () => {
      for (const order of orders) {
        const books = Book.objects.orderBy(...order, 'id');
        for (const slice of [books, books.limit(3), books.offset(2), books.limit(2).offset(1), books.limit(0)]) {
          let seen = '';
          for await (const { title } of slice) seen += title;
          expect(seen, order.join()).to.equal(await titles(slice));
        }
      }
    });

    it('reads page by page, and no page more than is asked for', async () => {
      const reviews = Array.from({ length: 1200 }, (_, n) => ({ id: n + 10, bookId: 1, stars: n % 3 }));
      await Review.objects.bulkCreate(reviews);
      let count = 0;
      const texts = await statementsOf(async () => {
        for await (const review of Review.objects.filter({ id__gte: 10 }).orderBy('stars')) {
          count += review.id > 0 ? 1 : 0;
        }
      });
      expect([count, texts.length]).to.deep.equal([1200, 3]);
      const first = await statementsOf(async () => {
        for await (const _ of Review.objects) break;
      });
      expect(first).to.have.length(1);
    });

    it('may write what it reads', async () => {
      for await (const book of Book.objects.filter({ pages__lt: 250 })) {
        book.pages += 1;
        await book.save();
      }
      expect((await Book.objects.orderBy('id').values('pages')).map(({ pages }) => pages)).to.deep.equal([
        101, 300, 201, 51, 101,
      ]);
    });
  });

  describe('row locks', () => {
    connected(combination, bookshopModels);
    beforeEach(fillBookshop);

    it('are for transactions alone', async () => {
      const message =
        'bookshop.Book: forUpdate() and forShare() lock rows until the end of a transaction; read them inside transaction()';
      await rejection(Book.objects.forUpdate().all(), UsageError, message);
      await rejection(Book.objects.forShare().first(), UsageError, message);
      await transaction(async () => {
        expect(
          await Book.objects.filter({ author__name: 'Ann' }).orderBy('-editor__name').forUpdate().all(),
        ).to.have.length(2);
        expect(await Book.objects.forShare({ skipLocked: true }).get({ id: 1 })).to.include({ title: 'a' });
        expect(await Book.objects.forUpdate({ noWait: true }).values('title')).to.have.length(5);
      });
    });

    if (combination.database === 'postgres') {
      it('keep others away, who skip them or fail', async () => {
        const locked = gate();
        const done = gate();
        const holder = transaction(async () => {
          await Book.objects.filter({ author__name: 'Ann' }).forUpdate().all();
          locked.open();
          await done.promise;
        });
        await locked.promise;
        await transaction(async () => {
          expect(await titles(Book.objects.orderBy('title').forUpdate({ skipLocked: true }))).to.equal('cde');
        });
        await rejection(
          transaction(() => Book.objects.forShare({ noWait: true }).all()),
          TransactionConflictError,
        );
        done.open();
        await holder;
      });

      it('send what was asked for', async () => {
        const texts = await statementsOf(() =>
          transaction(async () => {
            await Book.objects.forUpdate().all();
            await Book.objects.orderBy('author__name').forUpdate({ skipLocked: true }).all();
            await Book.objects.forShare({ noWait: true }).first();
          }),
        );
        const locks = texts
          .filter((text) => text.startsWith('SELECT'))
          .map((text) => / FOR (UPDATE|SHARE).*$/.exec(text)?.[0]);
        expect(locks).to.deep.equal([
          ' FOR UPDATE',
          ' FOR UPDATE OF "bookshop_books" SKIP LOCKED',
          ' FOR SHARE NOWAIT',
        ]);
      });
    }
  });
});
