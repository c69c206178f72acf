import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  CachedModel,
  Column,
  ForeignKey,
  moneyclip,
  PrimaryKey,
  Table,
  transaction,
  type CacheManager,
  type Manager,
  type QuerySet,
  type Related,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';

@Table('cached_query_shelves', { label: 'cachedQueries.Shelf' })
class Shelf extends CachedModel {
  declare static objects: Manager<Shelf>;
  declare static cache: CacheManager<Shelf>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare name: string;
  declare readonly books: QuerySet<Book>;

  @moneyclip()
  async views(): Promise<number> {
    const books = await Book.objects.filter({ shelf: this }).cache().all();
    return books.reduce((sum, { views }) => sum + views, 0);
  }

  @moneyclip()
  async summary(): Promise<string> {
    const books = await Book.objects.filter({ shelf: this }).orderBy('title').cache().all();
    return books.map(({ title }) => title).join();
  }
}

@Table('cached_query_books', { label: 'cachedQueries.Book' })
class Book extends CachedModel {
  declare static objects: Manager<Book>;
  declare static cache: CacheManager<Book>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @Column({ type: 'integer', index: true }) declare category: number;
  @Column({ type: 'integer', default: 0, volatile: true }) declare views: number;
  @ForeignKey(() => Shelf, { relatedName: 'books', onDelete: 'cascade' }) declare shelf: Related<Shelf>;
  declare shelfId: number;
}

const models = [Shelf, Book];

describe('cached query sets', () => {
  forEachCombination((combination) => {
    const current = counted(combination, models);

    async function stock(): Promise<{ readonly shelf: Shelf; readonly other: Shelf; readonly books: Book[] }> {
      const [shelf, other] = await Shelf.objects.bulkCreate([{ name: 'top' }, { name: 'bottom' }]);
      if (!shelf || !other) throw new Error('two shelves were stored');
      const books = await Book.objects.bulkCreate([
        { title: 'a', category: 1, shelf },
        { title: 'b', category: 1, shelf },
        { title: 'c', category: 2, shelf: other },
      ]);
      await Shelf.cache.find(0); // notices whatever the set-up did
      return { shelf, other, books };
    }

    /** How many SQL statements a second read of the same takes, after `write`. */
    async function statementsAfter(read: () => Promise<unknown>, write: () => Promise<unknown>): Promise<number> {
      await read();
      expect((await current().costOf(read)).sql, 'a warm read').to.equal(0);
      await write();
      const { sql } = await current().costOf(read);
      return sql;
    }

    const ofCategory = (category: number): QuerySet<Book> => Book.objects.filter({ category }).orderBy('id').cache();
    const titles = async (books: QuerySet<Book>): Promise<string[]> => (await books.all()).map(({ title }) => title);

    it('answer lists, counts and existence without SQL, each under its own key', async () => {
      await stock();
      const books = ofCategory(1);
      expect([await titles(books), await books.count(), await books.exists()]).to.deep.equal([['a', 'b'], 2, true]);
      const again = await current().costOf(async () => {
        expect([await titles(books), await books.count(), await books.exists()]).to.deep.equal([['a', 'b'], 2, true]);
      });
      expect(again.sql).to.equal(0);
      expect(await titles(ofCategory(2))).to.deep.equal(['c']);
      expect(await titles(books.limit(1))).to.deep.equal(['a']);
      expect(await titles(books.offset(1))).to.deep.equal(['b']);
      expect((await books.first())?.title).to.equal('a');
    });

    it('a warm list is one command', async () => {
      await stock();
      await ofCategory(1).all();
      const cost = await current().costOf(() => ofCategory(1).all());
      expect(cost.read).to.be.at.most(1);
      expect(cost.sql).to.equal(0);
    });

    it('give instances that are not shared', async () => {
      await stock();
      const [first] = await ofCategory(1).all();
      const [second] = await ofCategory(1).all();
      expect(first).not.to.equal(second);
      if (first) first.title = 'changed';
      expect(await titles(ofCategory(1))).to.deep.equal(['a', 'b']);
    });

    describe('are right after', () => {
      it('an insert into the condition', async () => {
        const { shelf } = await stock();
        await ofCategory(1).all();
        await Book.create({ title: 'd', category: 1, shelf });
        expect(await titles(ofCategory(1))).to.deep.equal(['a', 'b', 'd']);
      });

      it('a move from one condition to another', async () => {
        const { books } = await stock();
        expect([await ofCategory(1).count(), await ofCategory(2).count()]).to.deep.equal([2, 1]);
        const [book] = books;
        if (book) await Object.assign(book, { category: 2 }).save();
        expect([await ofCategory(1).count(), await ofCategory(2).count()]).to.deep.equal([1, 2]);
        expect([await titles(ofCategory(1)), await titles(ofCategory(2))]).to.deep.equal([['b'], ['a', 'c']]);
      });

      it('an update of many and a delete of many', async () => {
        await stock();
        await titles(ofCategory(1));
        await Book.objects.filter({ category: 1 }).update({ title: 'x' });
        expect(await titles(ofCategory(1))).to.deep.equal(['x', 'x']);
        await Book.objects.filter({ category: 1 }).delete();
        expect([await titles(ofCategory(1)), await ofCategory(1).exists()]).to.deep.equal([[], false]);
      });

      it('a delete of what they point at', async () => {
        const { shelf } = await stock();
        await titles(ofCategory(1));
        await shelf.delete();
        expect(await titles(ofCategory(1))).to.deep.equal([]);
      });

      it('a commit, and not after a rollback', async () => {
        const { shelf } = await stock();
        await ofCategory(1).count();
        await transaction(async () => {
          await Book.create({ title: 'd', category: 1, shelf });
          expect(await ofCategory(1).count(), 'inside').to.equal(3);
          throw new Error('roll back');
        }).catch(() => undefined);
        expect(await ofCategory(1).count()).to.equal(2);
        await transaction(() => Book.create({ title: 'd', category: 1, shelf }));
        expect(await ofCategory(1).count()).to.equal(3);
      });
    });

    describe('survive', () => {
      it('writes outside their conditions', async () => {
        const { books } = await stock();
        const write = (): Promise<unknown> => Object.assign(books[2] ?? {}, { title: 'C' } as Book).save();
        expect(await statementsAfter(() => ofCategory(1).all(), write)).to.equal(0);
      });

      it('changes of what a count does not look at', async () => {
        const { books } = await stock();
        const write = (): Promise<unknown> => Object.assign(books[0] ?? {}, { title: 'A' } as Book).save();
        expect(await statementsAfter(() => ofCategory(1).count(), write)).to.equal(0);
        expect(
          await statementsAfter(
            () => ofCategory(1).all(),
            () => ofCategory(1).update({ title: 'B' }),
          ),
        ).to.equal(1);
      });

      it('changes of volatile columns that they neither show, filter nor order by', async () => {
        const { shelf } = await stock();
        const look = (): Promise<unknown> => Book.objects.filter({ title: 'a' }).update({ views: 10 });
        const byTitle = Book.objects.filter({ shelf, title: 'a' }).cache();
        expect(await statementsAfter(() => byTitle.count(), look)).to.equal(0);
        expect(await statementsAfter(() => byTitle.filter({ views__gte: 0 }).count(), look)).to.equal(1);
      });
    });

    describe('of whole rows of a model with volatile columns', () => {
      it('outlive changes of those: only the rows that changed are read again', async () => {
        const { books } = await stock();
        const read = (): Promise<string[]> =>
          ofCategory(1)
            .all()
            .then((all) => all.map(({ title, views }) => `${title}${views}`));
        expect(await read()).to.deep.equal(['a0', 'b0']);
        expect(await read()).to.deep.equal(['a0', 'b0']);
        await Object.assign(books[0] ?? {}, { views: 5 } as Book).save();
        const { sql } = await current().costOf(async () => expect(await read()).to.deep.equal(['a5', 'b0']));
        expect(sql, 'the row that changed').to.equal(1);
        const warm = await current().costOf(read);
        expect(warm).to.include({ sql: 0 });
        expect(warm.read).to.be.at.most(1);
      });

      it('end where they order by one', async () => {
        await stock();
        const best = Book.objects.filter({ category: 1 }).orderBy('-views').cache();
        expect(await titles(best)).to.have.members(['a', 'b']);
        await Book.objects.filter({ title: 'b' }).update({ views: 9 });
        expect(await titles(best)).to.deep.equal(['b', 'a']);
      });

      it('are depended on row by row inside computed values', async () => {
        const { shelf } = await stock();
        const total = (): Promise<unknown> => shelf.views();
        expect(await total()).to.equal(0);
        await Book.objects.filter({ title: 'b' }).update({ views: 9 });
        expect(await total()).to.equal(9);
        await Book.objects.filter({ title: 'c' }).update({ views: 9 });
        expect((await current().costOf(total)).sql, 'a book on another shelf').to.equal(0);
      });
    });

    it('read past the cache with noCache(), and only what ops names goes through it', async () => {
      await stock();
      const books = Book.objects.filter({ category: 1 });
      await books.cache().count();
      expect((await current().costOf(() => books.cache().noCache().count())).sql).to.equal(1);
      const some = books.cache({ ops: ['count'] });
      await some.all();
      expect((await current().costOf(() => some.all())).sql).to.equal(1);
      expect((await current().costOf(() => some.count())).sql).to.equal(0);
    });

    it("end with the ttl that they were given, not with the policy's", async () => {
      await stock();
      await ofCategory(1).count();
      const cost = await current().costOf(() => Book.objects.filter({ category: 1 }).cache({ ttl: '5m' }).count());
      expect(cost.sql, 'an answer with another life is another answer').to.equal(1);
    });

    it('answer get by a key or a unique value from the row itself', async () => {
      const { shelf } = await stock();
      await Shelf.cache.get(shelf.id);
      const byKey = await current().costOf(() => Shelf.objects.filter({ id: shelf.id }).cache().get());
      expect(byKey.sql).to.equal(0);
      await Shelf.objects.filter({ name: 'top' }).cache().get();
      const byName = await current().costOf(() => Shelf.objects.filter({ name: 'top' }).cache().get());
      expect(byName.sql).to.equal(0);
      await Object.assign(shelf, { name: 'middle' }).save();
      expect((await Shelf.objects.filter({ id: shelf.id }).cache().get()).name).to.equal('middle');
      await Shelf.objects
        .filter({ name: 'top' })
        .cache()
        .get()
        .then(
          () => expect.fail('nobody is called top any more'),
          (error: Error) => expect(error.name).to.equal('RecordNotFoundError'),
        );
    });

    it('are tracked inside computed values', async () => {
      const { shelf, books } = await stock();
      expect(await shelf.summary()).to.equal('a,b');
      await Object.assign(books[1] ?? {}, { title: 'z' } as Book).save();
      expect(await shelf.summary()).to.equal('a,z');
      expect((await current().costOf(() => shelf.summary())).sql).to.equal(0);
    });

    it('one SELECT answers a thousand who ask at once', async () => {
      await stock();
      const ask = (): Promise<unknown> =>
        Promise.all(Array.from({ length: 1000 }, () => Shelf.objects.filter({ id__gt: 0 }).cache().all()));
      expect((await current().costOf(ask)).sql).to.equal(1);
    });

    it('a thousand who ask for a list that is kept by reference share SELECTs too: for the list, and for its rows', async () => {
      await stock();
      const list = ofCategory(1).limit(50); // nobody asked for it before
      const ask = (): Promise<unknown> => Promise.all(Array.from({ length: 1000 }, () => list.all()));
      const { sql } = await current().costOf(ask);
      expect(sql).to.be.within(2, 3); // whoever looks for rows while they are on their way to the store reads them again
    });
  });
});

describe('policies for query sets', () => {
  forEachCombination((combination) => {
    describe('that name operations', () => {
      const current = counted(combination, models, {
        policies: { 'cachedQueries.Book': { ops: ['count', 'fetch'], ttl: { count: '1m' } } },
      });

      it('cache those by themselves and no others', async () => {
        const shelf = await Shelf.create({ name: 'top' });
        await Book.create({ title: 'a', category: 1, shelf });
        const books = Book.objects.filter({ category: 1 });
        await Promise.all([books.count(), books.all(), books.exists()]);
        expect((await current().costOf(() => books.count())).sql).to.equal(0);
        expect((await current().costOf(() => books.all())).sql).to.equal(0);
        expect((await current().costOf(() => books.exists())).sql).to.equal(1);
        expect((await current().costOf(() => books.noCache().count())).sql).to.equal(1);
      });
    });

    describe('of false', () => {
      const current = counted(combination, models, { policies: { 'cachedQueries.*': false } });

      it('forbid it, also by hand', async () => {
        const books = Book.objects.filter({ category: 1 }).cache();
        await books.count();
        expect((await current().costOf(() => books.count())).sql).to.equal(1);
      });
    });
  });
});

describe('cache() of a query set', () => {
  it('refuses what it does not know', () => {
    const books = Book.objects;
    expect(() => books.cache({ tll: '1m' } as object)).to.throw(
      "cachedQueries.Book: cache() has no option 'tll'; did you mean 'ttl'?",
    );
    expect(() => books.cache({ ops: ['cuont'] as never })).to.throw(
      "cachedQueries.Book: cache(): ops takes 'all' or a list of get, fetch, count, exists, aggregate; got 'cuont'",
    );
    expect(() => books.cache({ ttl: 'soon' })).to.throw(/cachedQueries\.Book: cache\(\): ttl/);
    expect(() => books.cache({ lock: 1 as never })).to.throw(
      'cachedQueries.Book: cache(): lock is true or false, got number',
    );
    expect(() => books.cache({ rows: 'ids' as never })).to.throw(
      "cachedQueries.Book: cache(): rows is 'whole' or 'reference', got 'ids'",
    );
    expect(() => books.cache({ rows: true as never })).to.throw(
      "cachedQueries.Book: cache(): rows is 'whole' or 'reference', got boolean",
    );
    expect(() => books.cache(5 as never)).to.throw('cachedQueries.Book: cache() takes { ttl, ops, lock, rows }, got 5');
  });
});
