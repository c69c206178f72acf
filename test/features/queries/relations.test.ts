import { expect } from 'chai';
import { Q, type Conditions, type QuerySet } from '../../../src/index.js';
import { forEachCombination } from '../../setup/combinations.js';
import { Author, Book, bookshopModels, fillBookshop, Review } from '../../support/bookshop-models.js';
import { connected } from '../../support/connected.js';
import { statementsOf } from '../../support/recorded-statements.js';

async function titles(books: QuerySet<Book>): Promise<string> {
  return (await books.orderBy('id').all()).map(({ title }) => title).join('');
}

async function names(authors: QuerySet<Author>): Promise<string[]> {
  return (await authors.orderBy('id').all()).map(({ name }) => name);
}

forEachCombination((combination) => {
  describe('conditions across relations', () => {
    const db = connected(combination, bookshopModels);
    beforeEach(fillBookshop);

    it('follow foreign keys to any depth', async () => {
      expect(await titles(Book.objects.filter({ author__name: 'Ann' }))).to.equal('ab');
      expect(await titles(Book.objects.filter({ author__mentor__name: 'Ann' }))).to.equal('ce');
      expect(await titles(Book.objects.filter({ author__mentor__mentor__name__startswith: 'A' }))).to.equal('d');
      const reviews = await Review.objects.filter({ book__author__mentor__mentor__id: 1 }).ids();
      expect(reviews).to.deep.equal([]);
      expect(await Review.objects.filter({ book__author__mentor__email: 'ann@x.org' }).ids()).to.deep.equal([4]);
    });

    it('follow foreign keys backwards, and find each row once', async () => {
      expect(await names(Author.objects.filter({ books__pages__gte: 100 }))).to.deep.equal(['Ann', 'Bob']);
      expect(await Author.objects.filter({ books__pages__gte: 100 }).count()).to.equal(2);
      expect(await names(Author.objects.filter({ books__reviews__stars: 1 }))).to.deep.equal(['Ann', 'Bob']);
      expect(await names(Author.objects.filter({ pupils__pupils__name: 'Cem' }))).to.deep.equal(['Ann']);
      expect(await names(Author.objects.filter({ books: 4 }))).to.deep.equal(['Cem']);
      const book = await Book.objects.get({ title: 'c' });
      expect(await names(Author.objects.filter({ books: book }))).to.deep.equal(['Bob']);
      expect(await names(Author.objects.filter({ books__in: [book, 1] }))).to.deep.equal(['Ann', 'Bob']);
    });

    it('of one filter are about one row there, of two about any two', async () => {
      const both = { reviews__stars: 1, reviews__text__isnull: false } as const;
      expect(await titles(Book.objects.filter(both))).to.equal('c');
      const apart = Book.objects.filter({ reviews__stars: 1 }).filter({ reviews__text__isnull: false });
      expect(await titles(apart)).to.equal('ac');
      expect(await titles(Book.objects.filter(Q.and({ reviews__stars: 1 }, { reviews__stars: 5 })))).to.equal('a');
    });

    it('ask no other table where the keys tell', async () => {
      const ann = await Author.objects.get({ name: 'Ann' });
      const texts = await statementsOf(async () => {
        expect(await titles(Book.objects.filter({ author__id: 1 }))).to.equal('ab');
        expect(await titles(Book.objects.filter({ author: ann }))).to.equal('ab');
        expect(await titles(Book.objects.filter({ author__in: [ann, 3] }))).to.equal('abd');
        expect(await titles(Book.objects.filter({ author__id__in: [2, 3] }))).to.equal('cde');
        expect(await titles(Book.objects.filter({ editor__isnull: true }))).to.equal('be');
        expect(await titles(Book.objects.filter({ editor__id__gt: 2 }))).to.equal('cd');
      });
      expect(texts.join()).not.to.include('bookshop_authors');
      const deeper = await statementsOf(() => Review.objects.filter({ book__author__id: 1 }).all());
      expect(deeper.join()).not.to.include('bookshop_authors');
    });

    it('isnull also holds where there is no row there', async () => {
      expect(await titles(Book.objects.filter({ editor__email__isnull: true }))).to.equal('abe');
      expect(await titles(Book.objects.filter({ editor__email: null }))).to.equal('abe');
      expect(await titles(Book.objects.filter({ editor__email__isnull: false }))).to.equal('cd');
      expect(await titles(Book.objects.filter({ editor__email__isnull: true, editor__name: 'Bob' }))).to.equal('a');
      expect(await titles(Book.objects.filter({ reviews__text__isnull: true }))).to.equal('ade');
      expect(await titles(Book.objects.filter({ reviews__isnull: true }))).to.equal('de');
      expect(await titles(Book.objects.filter({ reviews: null }))).to.equal('de');
      expect(await titles(Book.objects.filter({ reviews__isnull: false }))).to.equal('abc');
      expect(await titles(Book.objects.filter({ author__mentor__isnull: true }))).to.equal('ab');
      expect(await titles(Book.objects.filter({ editor__mentor__name: null }))).to.equal('bde');
    });

    it('excluded leave the rows for which none is there', async () => {
      expect(await titles(Book.objects.exclude({ reviews__stars: 1 }))).to.equal('bde');
      expect(await titles(Book.objects.exclude({ editor__name: 'Bob' }))).to.equal('bcde');
      expect(await titles(Book.objects.exclude({ author__mentor__name: 'Ann' }))).to.equal('abd');
      expect(await titles(Book.objects.exclude({ reviews__stars: 1, author__name: 'Ann' }))).to.equal('bcde');
      expect(await titles(Book.objects.exclude({ editor__email__isnull: true }))).to.equal('cd');
    });

    it('find the rows that SQL by hand finds', async () => {
      const { knex } = db();
      const mostPages = knex('bookshop_books').select('author_id').where('pages', '>', 150);
      const good = knex('bookshop_reviews').select('book_id').where('stars', '>=', 3);
      const cases: readonly (readonly [Conditions<Book>, typeof mostPages])[] = [
        [{ author__books__pages__gt: 150 }, knex('bookshop_books').whereIn('author_id', mostPages)],
        [
          { author__books__reviews__stars__gte: 3 },
          knex('bookshop_books').whereIn('author_id', knex('bookshop_books').select('author_id').whereIn('id', good)),
        ],
        [
          Q.or({ reviews__stars__gte: 3 }, { pages__lt: 60 }),
          knex('bookshop_books').whereIn('id', good).orWhere('pages', '<', 60),
        ],
        [Q.not({ reviews__stars__gte: 3 }), knex('bookshop_books').whereNotIn('id', good)],
      ];
      for (const [conditions, byHand] of cases) {
        const expected = (await byHand.clone().select('bookshop_books.title').orderBy('id')) as { title: string }[];
        const found = await titles(Book.objects.filter(conditions as object as Record<string, unknown>));
        expect(found).to.equal(expected.map(({ title }) => title).join(''));
      }
    });

    it('hold for updates and deletes', async () => {
      expect(await Book.objects.filter({ author__name: 'Bob' }).update({ pages: 1 })).to.equal(2);
      expect(await titles(Book.objects.filter({ pages: 1 }))).to.equal('ce');
      expect(await Review.objects.filter({ book__author__name: 'Bob' }).delete()).to.equal(1);
      expect(await Review.objects.ids()).to.have.members([1, 2, 3]);
    });
  });

  describe('query sets as values', () => {
    connected(combination, bookshopModels);
    beforeEach(fillBookshop);

    it('stand for the keys of their rows', async () => {
      const withMail = Author.objects.filter({ email__isnull: false });
      expect(await titles(Book.objects.filter({ author__in: withMail }))).to.equal('abd');
      expect(await titles(Book.objects.filter({ authorId__in: withMail }))).to.equal('abd');
      expect(await titles(Book.objects.exclude({ editor__in: withMail }))).to.equal('abe');
      expect(await names(Author.objects.filter({ id__in: withMail.exclude({ name: 'Ann' }) }))).to.deep.equal([
        'Cem',
        'Dee',
      ]);
      expect(
        await names(Author.objects.filter({ books__in: Book.objects.filter({ reviews__stars: 1 }) })),
      ).to.deep.equal(['Ann', 'Bob']);
    });

    it('keep their own order, limit and offset', async () => {
      const longest = Book.objects.orderBy('-pages').limit(2);
      expect(await titles(Book.objects.filter({ id__in: longest }))).to.equal('bc');
      expect(await titles(Book.objects.filter({ id__in: longest.offset(1) }))).to.equal('ac');
      expect(
        await titles(Book.objects.filter({ id__in: Book.objects.orderBy('-author__name', 'id').limit(1) })),
      ).to.equal('d');
    });

    it('stand for one of their columns', async () => {
      const editors = Book.objects.filter({ pages__lt: 150 }).column('editorId');
      expect(await names(Author.objects.filter({ id__in: editors }))).to.deep.equal(['Bob', 'Dee']);
      expect(await names(Author.objects.exclude({ id__in: editors }))).to.deep.equal(['Ann', 'Cem']);
      const named = Author.objects.filter({ id__lte: 2 }).column('name');
      expect(await names(Author.objects.filter({ name__in: named }))).to.deep.equal(['Ann', 'Bob']);
    });

    it('are one statement with the query around them, and none where they are empty', async () => {
      const none = Author.objects.filter({ id__in: [] });
      const texts = await statementsOf(async () => {
        await Book.objects.filter({ author__in: Author.objects.filter({ name: 'Ann' }) }).all();
      });
      expect(texts).to.have.length(1);
      const empty = await statementsOf(async () => {
        expect(await Book.objects.filter({ author__in: none }).all()).to.deep.equal([]);
        expect(await Book.objects.filter({ id__in: [] }).ids()).to.deep.equal([]);
        expect(await Book.objects.filter({ author__name__in: [] }).exists()).to.equal(false);
        expect(await Book.objects.filter(Q.or({ id__in: [] }, { title__in: [] })).first()).to.equal(undefined);
        expect(await Book.objects.limit(0).values('id')).to.deep.equal([]);
      });
      expect(empty).to.deep.equal([]);
      expect(await Book.objects.exclude({ id__in: [] }).count()).to.equal(5);
    });
  });

  describe('Q', () => {
    connected(combination, bookshopModels);
    beforeEach(fillBookshop);

    it('combines conditions', async () => {
      expect(await titles(Book.objects.filter(Q.or({ title: 'a' }, { pages: 300 })))).to.equal('ab');
      expect(await titles(Book.objects.filter(Q.and(Q.or({ title: 'a' }, { title: 'b' }), { pages: 100 })))).to.equal(
        'a',
      );
      expect(await titles(Book.objects.filter(Q.not({ editorId: 2 })))).to.equal('bcde');
      expect(await titles(Book.objects.filter(Q.not(Q.or({ pages: 100 }, { pages: 50 }))))).to.equal('bc');
      expect(await titles(Book.objects.exclude(Q.or({ pages: 100 }, { pages: 50 })))).to.equal('bc');
      expect(await titles(Book.objects.filter({ pages: 100 }).filter(Q.not({ title: 'a' })))).to.equal('e');
      expect(await Book.objects.get(Q.and({ title: 'a' }, { pages: 100 }))).to.include({ id: 1 });
    });

    it('of nothing is everything, or nothing', async () => {
      expect(await titles(Book.objects.filter(Q.and()))).to.equal('abcde');
      expect(await titles(Book.objects.filter(Q.or()))).to.equal('');
      expect(await titles(Book.objects.filter(Q.not({})))).to.equal('');
    });
  });
});
