import { expect } from 'chai';
import {
  CachedForeignKey,
  CachedModel,
  Column,
  ForeignKey,
  moneyclip,
  PrimaryKey,
  Table,
  UsageError,
} from '../../src/index.js';
import type { CacheManager, Manager, Related, RelatedSet } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';
import { statementsOf } from '../support/recorded-statements.js';
import { rejection, thrown } from '../support/rejection.js';

@Table('related_publishers', { label: 'related.Publisher' })
class Publisher extends CachedModel {
  declare static objects: Manager<Publisher>;
  declare static cache: CacheManager<Publisher>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  declare readonly writers: RelatedSet<Writer>;

  @moneyclip()
  async overview(): Promise<string[]> {
    const writers = await this.writers.orderBy('id').prefetch('books__editor').all();
    const books = await Promise.all(writers.map((writer) => writer.books.all()));
    return Promise.all(books.flat().map(async ({ title, editor }) => `${title} ${(await editor)?.name ?? '-'}`));
  }
}

@Table('related_writers', { label: 'related.Writer' })
class Writer extends CachedModel {
  declare static objects: Manager<Writer>;
  declare static cache: CacheManager<Writer>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @CachedForeignKey(() => Publisher, { nullable: true, relatedName: 'writers' })
  declare publisher: Related<Publisher | null>;
  declare publisherId: number | null;
  declare readonly books: RelatedSet<Book>;
}

@Table('related_books', { label: 'related.Book' })
class Book extends CachedModel {
  declare static objects: Manager<Book>;
  declare static cache: CacheManager<Book>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @ForeignKey(() => Writer, { relatedName: 'books' }) declare author: Related<Writer>;
  declare authorId: number;
  @ForeignKey(() => Writer, { nullable: true }) declare editor: Related<Writer | null>;
  declare editorId: number | null;
}

/** Each book with its author and publisher. */
async function titles(query: { all(): Promise<Book[]> }): Promise<string[]> {
  const books = await query.all();
  return Promise.all(
    books
      .toSorted((left, right) => left.id - right.id)
      .map(async ({ title, author }) => {
        const { name, publisher } = await author;
        return `${title} ${name} ${(await publisher)?.name ?? '-'}`;
      }),
  );
}

forEachCombination((combination) => {
  describe('related', () => {
    const current = counted(combination, [Publisher, Writer, Book]);
    let house: Publisher;
    let ann: Writer;
    let bob: Writer;

    beforeEach(async () => {
      house = await Publisher.create({ name: 'house' });
      ann = await Writer.create({ name: 'ann', publisher: house });
      bob = await Writer.create({ name: 'bob' });
      await Book.objects.bulkCreate([
        { title: 'one', author: ann, editor: bob },
        { title: 'two', author: ann },
        { title: 'three', author: bob },
      ]);
    });

    const sql = async (work: () => Promise<unknown>): Promise<number> => (await statementsOf(work)).length;

    it('loads rows that foreign keys lead to, in one statement', async () => {
      let books: Book[] = [];
      const load = async (): Promise<void> => {
        books = await Book.objects.filter({ id__gte: 0 }).orderBy('id').related('author__publisher', 'editor').all();
      };
      expect(await sql(load)).to.equal(1);
      const shown = async (): Promise<unknown> =>
        Promise.all(books.map(async (book) => [book.title, (await book.author).name, (await book.editor)?.name]));
      expect(
        await sql(async () =>
          expect(await shown()).to.deep.equal([
            ['one', 'ann', 'bob'],
            ['two', 'ann', undefined],
            ['three', 'bob', undefined],
          ]),
        ),
      ).to.equal(0);
      const publishers = async (): Promise<unknown> =>
        Promise.all(books.map(async (book) => (await (await book.author).publisher)?.name));
      expect(await sql(async () => expect(await publishers()).to.deep.equal(['house', 'house', undefined]))).to.equal(
        0,
      );
      expect(await books[0]?.author).to.equal(await books[1]?.author);
      expect(await books[0]?.author)
        .to.be.instanceOf(Writer)
        .and.have.property('isPersisted', true);
    });

    it('works for first(), get(), filters and limits, and is loaded again after a save', async () => {
      const first = await Book.objects.related('author').orderBy('-id').first();
      expect(await sql(async () => expect((await first?.author)?.name).to.equal('bob'))).to.equal(0);
      const got = await Book.objects.related('author').get({ title: 'two' });
      expect(await sql(async () => got.author)).to.equal(0);
      got.title = 'new';
      expect(got.changes()).to.have.keys('title');
      await got.save();
      expect(await sql(async () => got.author)).to.equal(1);
      expect(
        (await Book.objects.related('editor').limit(1).offset(1).orderBy('id').all()).map(({ title }) => title),
      ).to.deep.equal(['new']);
    });

    it('works page by page, and row by row', async () => {
      const query = Book.objects.related('author').prefetch('editor').orderBy('author__name', 'id');
      const names: string[] = [];
      for await (const { author } of query) names.push((await author).name);
      expect(names).to.deep.equal(['ann', 'ann', 'bob']);
      const { items } = await query.paginate({ page: 1, pageSize: 2 });
      expect(await sql(async () => Promise.all(items.flatMap(({ author, editor }) => [author, editor])))).to.equal(0);
      const first = await query.paginate({ after: undefined, pageSize: 2 });
      expect(await sql(async () => Promise.all(first.items.map(({ author }) => author)))).to.equal(0);
    });

    it('leaves a key that leads nowhere to the accessor', async () => {
      if (combination.database === 'postgres') return;
      const { knex } = current().db;
      await knex.raw('PRAGMA foreign_keys = OFF');
      await knex('related_books').where({ title: 'one' }).update({ author_id: 999_999 });
      const book = await Book.objects.related('author__publisher').get({ title: 'one' });
      await rejection(
        Promise.resolve(book.author),
        Error,
        'related.Writer: the row that a foreign key points at does not exist',
      );
    });

    it('prefetches along with it', async () => {
      const writers = await Writer.objects.related('publisher').prefetch('books').orderBy('id').all();
      const shown = async (): Promise<unknown> =>
        Promise.all(writers.map(async ({ publisher, books }) => [(await publisher)?.name, (await books.all()).length]));
      expect(
        await sql(async () =>
          expect(await shown()).to.deep.equal([
            ['house', 2],
            [undefined, 1],
          ]),
        ),
      ).to.equal(0);
    });

    it('is right in a computed value after a change of any row on the way, and left alone by all others', async () => {
      const read = (): Promise<string[]> => house.overview();
      expect(await read()).to.deep.equal(['one bob', 'two -']);
      const again = async (write: () => Promise<unknown>): Promise<number> => {
        await write();
        return sql(read);
      };
      expect(await sql(read)).to.equal(0);
      expect(await again(() => Object.assign(bob, { name: 'bobby' }).save())).to.be.greaterThan(0);
      expect(await read()).to.deep.equal(['one bobby', 'two -']);
      const two = await Book.objects.get({ title: 'two' });
      expect(await again(() => Object.assign(two, { title: 'second' }).save())).to.be.greaterThan(0);
      expect(await read()).to.deep.equal(['one bobby', 'second -']);
      const other = await Writer.create({ name: 'other' });
      expect(await again(() => Book.create({ title: 'x', author: other }))).to.equal(0);
      expect(await again(() => Object.assign(other, { name: 'y' }).save())).to.equal(0);
      expect(await again(() => Object.assign(other, { publisher: house }).save())).to.be.greaterThan(0);
      expect(await read()).to.deep.equal(['one bobby', 'second -', 'x -']);
    });

    it('is cached row by row', async () => {
      const query = Book.objects.related('author__publisher').cache({ ttl: '5m' });
      const read = (): Promise<string[]> => titles(query);
      expect(await read()).to.deep.equal(['one ann house', 'two ann house', 'three bob -']);
      expect(await sql(read)).to.equal(0);
      await Object.assign(ann, { name: 'anna' }).save();
      expect(await read()).to.deep.equal(['one anna house', 'two anna house', 'three bob -']);
      await Object.assign(house, { name: 'home' }).save();
      expect(await sql(async () => expect((await read())[0]).to.equal('one anna home'))).to.equal(1);
      await Object.assign(bob, { publisher: house }).save();
      expect((await read())[2]).to.equal('three bob home');
      await Writer.create({ name: 'unrelated' });
      expect(await sql(read)).to.equal(0);
    });

    it('prefetches through the cache what is cached', async () => {
      const query = Writer.objects.orderBy('id').prefetch('books').cache();
      const read = async (): Promise<number[]> => {
        const writers = await query.all();
        return Promise.all(writers.map(async ({ books }) => (await books.all()).length));
      };
      expect(await read()).to.deep.equal([2, 1]);
      expect(await sql(read)).to.equal(0);
      await ann.books.create({ title: 'four' });
      expect(await read()).to.deep.equal([3, 1]);
    });

    it('refuses what is no foreign key', () => {
      const { objects } = Book;
      const refused = (name: unknown, message: string): void => {
        thrown(() => Reflect.apply(objects.related, objects, [name]) as unknown, UsageError, message);
      };
      refused('autor', "related.Book has no relation 'autor'; did you mean 'author'?");
      refused(
        'author__books',
        "related.Writer: related() follows foreign keys, and 'books' is none; use prefetch('books')",
      );
      refused(1, 'related.Book: related() takes names of relations, got a number');
    });
  });
});
