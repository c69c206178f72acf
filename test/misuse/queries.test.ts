import { expect } from 'chai';
import {
  connect,
  count,
  DatabaseError,
  F,
  Q,
  sum,
  UsageError,
  ValidationError,
  type Database,
} from '../../src/index.js';
import { freshDatabase } from '../setup/fresh.js';
import { Author, Book, bookshopModels, fillBookshop, Review } from '../support/bookshop-models.js';
import { statementsOf } from '../support/recorded-statements.js';
import { rejection, thrown } from '../support/rejection.js';

/** What the types refuse and a caller without types may pass all the same. */
const untyped = (value: unknown): never => value as never;

for (const kind of ['sqlite-memory', 'postgres'] as const) {
  describe(`queries that make no sense on ${kind}`, () => {
    let db: Database;

    before(async () => {
      db = await connect({ database: await freshDatabase(kind) });
      await db.createTables(bookshopModels);
      await fillBookshop();
    });
    after(() => db.close());

    const filters: readonly (readonly [string, unknown, string])[] = [
      ['an unknown relation', { autor__name: 'x' }, "bookshop.Book has no column 'autor'; did you mean 'author'?"],
      ['an unknown column there', { author__nam: 'x' }, "bookshop.Author has no column 'nam'; did you mean 'name'?"],
      [
        'an unknown relation back',
        { review__stars: 1 },
        "bookshop.Book has no column 'review'; did you mean 'reviews'?",
      ],
      [
        'an unknown lookup there',
        { author__name__startwith: 'x' },
        "bookshop.Author: 'author__name__startwith' uses an unknown lookup 'startwith'; did you mean 'startswith'?",
      ],
      [
        'a lookup twice',
        { title__in__in: [] },
        "bookshop.Book: 'title__in__in' uses an unknown lookup 'in'; did you mean 'in'?",
      ],
      ['a number in text', { title__contains: 5 }, "bookshop.Book: 'title__contains' takes text; got number"],
      [
        'text in a number',
        { pages__contains: '5' },
        "bookshop.Book: 'pages__contains' searches text, but 'pages' is a integer column; compare it by exact, in, gt, gte, lt, lte or range",
      ],
      [
        'a NUL',
        { title__contains: 'a\0b' },
        "bookshop.Book: the text of 'title__contains' contains a NUL character, which PostgreSQL cannot store; remove it",
      ],
      [
        'half a pair',
        { title__regex: '\ud800' },
        "bookshop.Book: the text of 'title__regex' contains half of a surrogate pair, which has no UTF-8 form; make it well formed with toWellFormed()",
      ],
      [
        'too long a text',
        { title__icontains: 'x'.repeat(16_001) },
        "bookshop.Book: the text of 'title__icontains' is longer than 16000 characters, the most that icontains takes",
      ],
      [
        'a row of another model',
        { reviews: new Author({ name: 'x' }) },
        "'reviews': expected an instance of bookshop.Review or its key, got an instance of Author",
      ],
      [
        'a row that is not stored',
        { reviews: new Review() },
        "'reviews': this bookshop.Review has no key yet; save() it first",
      ],
      [
        'a query of another type',
        { title__in: Author.objects },
        "bookshop.Book: 'title__in' compares a text with the integer 'id' of bookshop.Author; name another column of it: .column('…')",
      ],
      [
        'an object in JSON',
        { meta__a: { b: 1 } },
        "bookshop.Book: 'meta__a' takes text, a number or a boolean; got object",
      ],
      [
        'a place in a JSON list',
        { meta__a__0: 1 },
        "'meta__a__0' looks into JSON by a name that cannot be asked for: names have letters, and no quotes or backslashes; elements of lists cannot be asked for",
      ],
      [
        'a quote in a JSON name',
        { 'meta__a"b': 1 },
        "'meta__a\"b' looks into JSON by a name that cannot be asked for: names have letters, and no quotes or backslashes; elements of lists cannot be asked for",
      ],
      [
        'a range of two kinds',
        { meta__a__range: [1, 'x'] },
        "bookshop.Book: 'meta__a__range' takes two values of one type; got a list of 2",
      ],
      ['text in JSON', { meta__a__contains: 'x' }, "bookshop.Book: 'meta__a__contains' takes text; got string"],
    ];
    for (const [what, filter, message] of filters) {
      it(`are refused: ${what}`, () => {
        thrown(() => Book.objects.filter(untyped(filter)), UsageError, message);
        thrown(() => Book.objects.exclude(untyped(Q.or(untyped(filter)))), UsageError, message);
      });
    }

    it('are refused: values that are none of the column', () => {
      thrown(
        () => Book.objects.filter(untyped({ title: 'a\0b' })),
        ValidationError,
        'bookshop.Book: title contains a NUL character, which PostgreSQL cannot store; remove it',
      );
      thrown(
        () => Book.objects.filter(untyped({ author__name: 5 })),
        ValidationError,
        'bookshop.Author: name expects text, got a number',
      );
      thrown(
        () => Book.objects.filter(untyped({ reviews: 'x' })),
        ValidationError,
        'bookshop.Review: id expects a whole number, got text',
      );
    });

    it('are refused: texts that no database keeps, wherever a value goes', async () => {
      const nul = 'a NUL character, which PostgreSQL cannot store; remove it';
      const half = 'half of a surrogate pair, which has no UTF-8 form; make it well formed with toWellFormed()';
      for (const [text, flaw] of [
        ['a\0b', nul],
        ['a\ud800', half],
      ] as const) {
        const title = `bookshop.Book: title contains ${flaw}`;
        thrown(() => Book.objects.filter({ title: text }), ValidationError, title);
        thrown(() => Book.objects.exclude({ title__gt: text }), ValidationError, title);
        const long = Array.from({ length: 100_000 }, (_, index) => `t${index}`);
        thrown(() => Book.objects.filter({ title__in: [...long, text] }), ValidationError, title);
        thrown(
          () => Book.objects.filter({ meta__a: text }),
          UsageError,
          `bookshop.Book: the text of 'meta__a' contains ${flaw}`,
        );
        await rejection(Book.objects.update({ title: text }), ValidationError, title);
        await rejection(Book.objects.getOrCreate({ title: text }), ValidationError, title);
        await rejection(
          Book.objects.raw('SELECT ?', [text]),
          UsageError,
          `bookshop.Book.objects.raw(): binding 1 contains ${flaw}`,
        );
      }
    });

    it('are refused: parts of Q that are no conditions', () => {
      thrown(
        () => Q.or(untyped(5)),
        UsageError,
        'Q.or: expected conditions as an object, such as { id: 1 }; got a number',
      );
      thrown(
        () => Q.not(untyped(undefined)),
        UsageError,
        'Q.not: expected conditions as an object, such as { id: 1 }; got undefined',
      );
    });

    it('are refused: regular expressions that are none', async () => {
      const isSqlite = kind === 'sqlite-memory';
      await rejection(
        Book.objects.filter({ title__regex: '(' }).all(),
        isSqlite ? UsageError : DatabaseError,
        isSqlite
          ? 'A regex lookup got text that is no regular expression; on SQLite it is one of JavaScript.'
          : undefined,
      );
    });

    it('are refused: orders', () => {
      thrown(
        () => Book.objects.orderBy(untyped('reviews__stars')),
        UsageError,
        "bookshop.Book: orderBy cannot go through 'reviews', which may be many rows for each row; it goes through foreign keys alone",
      );
      thrown(
        () => Book.objects.orderBy(untyped('meta')),
        UsageError,
        "bookshop.Book: 'meta' is a json column, which has no order",
      );
      thrown(() => Book.objects.orderBy(untyped('title__x')), UsageError, "bookshop.Book has no column 'title__x'");
      thrown(
        () => Book.objects.limit(3).reverse(),
        UsageError,
        'bookshop.Book: reverse() would choose other rows than limit() and offset() did; turn the order round by orderBy()',
      );
      thrown(
        () => Book.objects.forUpdate({ skipLocked: true, noWait: true }),
        UsageError,
        'A row lock skips rows that are locked, or fails at them: skipLocked or noWait, not both.',
      );
    });

    it('are refused: pages', async () => {
      const { next } = await Book.objects.orderBy('title').paginate({ after: null, pageSize: 2 });
      const message =
        "bookshop.Book: paginate() got an 'after' that is no cursor of this query's order; give it the 'next' of a page of the same query";
      const forged = Buffer.from(JSON.stringify(['x', "'; DROP TABLE bookshop_books", 1])).toString('base64url');
      for (const after of ['', 'x', '%%%', forged, 5, {}]) {
        await rejection(
          Book.objects.orderBy('title').paginate({ after: untyped(after), pageSize: 2 }),
          UsageError,
          message,
        );
      }
      await rejection(Book.objects.orderBy('-title').paginate({ after: next, pageSize: 2 }), UsageError, message);
      const [name] = JSON.parse(Buffer.from(next ?? '', 'base64url').toString()) as [string];
      const wrong = Buffer.from(JSON.stringify([name, 5, 'x'])).toString('base64url');
      await rejection(Book.objects.orderBy('title').paginate({ after: wrong, pageSize: 2 }), UsageError, message);
      await rejection(
        Book.objects.paginate({ pageSize: 0 }),
        UsageError,
        'pageSize takes a whole number from 1, got 0',
      );
      await rejection(
        Book.objects.paginate({ page: 0, pageSize: 1 }),
        UsageError,
        'page takes a whole number from 1, got 0',
      );
      await rejection(
        Book.objects.limit(1).paginate({ pageSize: 1 }),
        UsageError,
        'bookshop.Book: paginate() takes the place of limit() and offset(); leave them out',
      );
      await rejection(
        Book.objects.paginate(untyped({ page: 1, after: next, pageSize: 1 })),
        UsageError,
        'bookshop.Book: paginate() takes page or after, not both',
      );
      await rejection(
        Book.objects.paginate(untyped(5)),
        UsageError,
        'bookshop.Book: paginate() takes { page, pageSize } or { after, pageSize }; got a number',
      );
    });

    it('are refused: values and aggregates', async () => {
      const unknown = "bookshop.Book has no column 'titel'; did you mean 'title'?";
      await rejection(Book.objects.values(untyped('titel')), UsageError, unknown);
      await rejection(Book.objects.aggregate(untyped({ n: sum('titel') })), UsageError, unknown);
      await rejection(
        Book.objects.distinct().orderBy('pages').values('title'),
        UsageError,
        "bookshop.Book: distinct() values can only be ordered by what is among them, and 'pages' is not",
      );
      await rejection(
        Book.objects.aggregate(untyped({ n: sum('title') })),
        UsageError,
        "bookshop.Book: sum() takes no text column such as 'title'",
      );
      await rejection(
        Book.objects.aggregate(untyped({})),
        UsageError,
        "bookshop.Book: aggregate() takes what to compute, such as { total: sum('views') }",
      );
      await rejection(
        Book.objects.aggregate(untyped({ n: 'count' })),
        UsageError,
        "bookshop.Book: aggregate() takes count(), sum(), avg(), min() or max() as 'n'; got text",
      );
      const groups = Book.objects.groupBy('status');
      await rejection(
        groups.aggregate({ n: count() }, { orderBy: [untyped('m')] }),
        UsageError,
        "bookshop.Book: groups are ordered by their columns and aggregates, and 'm' is neither; did you mean 'n'?",
      );
      await rejection(
        groups.aggregate({ status: count() }),
        UsageError,
        "bookshop.Book: 'status' is a group and an aggregate; give the aggregate another name",
      );
      await rejection(
        groups.aggregate({ n: count() }, { limit: -1 }),
        UsageError,
        'limit takes a whole number from 0, got -1',
      );
    });

    describe('and SQL of others', () => {
      const hostile = `x"'; DROP TABLE bookshop_books; -- \\ % _ $1 ? $$`;

      it('is a value wherever it stands for one', async () => {
        const texts = await statementsOf(async () => {
          for (const lookup of [
            'exact',
            'iexact',
            'contains',
            'icontains',
            'startswith',
            'istartswith',
            'endswith',
            'iendswith',
            'gt',
            'lte',
          ]) {
            await Book.objects.filter({ [`title__${lookup}`]: hostile }).ids();
            await Review.objects.filter({ [`book__author__name__${lookup}`]: hostile }).ids();
          }
          await Book.objects
            .filter({ title__in: [hostile], meta__a: hostile, meta__b__in: [hostile], meta__c__gt: hostile })
            .ids();
          await Book.objects.filter({ title__regex: '\\$\\$; DROP' }).ids();
        });
        expect(texts.join()).not.to.include('DROP');
        expect(await Book.objects.count()).to.equal(5);
      });

      it('is an unknown name wherever a write or a relation takes one', async () => {
        const rows: readonly (readonly [string, () => unknown])[] = [
          ['update', () => Book.objects.update(untyped({ [hostile]: 1 }))],
          ['F', () => Book.objects.update(untyped({ pages: F(untyped(hostile)).plus(1) }))],
          ['bulkUpdate', () => Book.objects.bulkUpdate([new Book()], [untyped(hostile)])],
          ['bulkCreate', () => Book.objects.bulkCreate([untyped({ [hostile]: 1 })])],
          ['upsertMany', () => Book.objects.upsertMany([{ title: 'x' }], { onConflict: [untyped(hostile)] })],
          [
            'its update',
            () => Book.objects.upsertMany([{ id: 1 }], { onConflict: ['id'], update: [untyped(hostile)] }),
          ],
          ['getOrCreate', () => Book.objects.getOrCreate(untyped({ [hostile]: 1 }))],
          ['updateOrCreate', () => Book.objects.updateOrCreate({ id: 1 }, untyped({ [hostile]: 1 }))],
          ['related', () => Book.objects.related(untyped(hostile))],
          ['prefetch', () => Book.objects.prefetch(untyped({ name: hostile }))],
          ['raw', () => Book.objects.raw('SELECT * FROM bookshop_books ORDER BY ??', [hostile])],
        ];
        for (const [what, call] of rows) {
          const error = await rejection(
            (async () => {
              await call();
            })(),
            Error,
          );
          const isRefused = error instanceof (what === 'raw' ? DatabaseError : UsageError);
          expect(isRefused, `${what}: ${String(error)}`).to.equal(true);
        }
        expect(await Book.objects.count()).to.equal(5);
      });

      it('is an unknown name wherever it stands for one', async () => {
        const names = [
          hostile,
          'title"',
          'title; DROP TABLE x',
          'author__name"',
          '"',
          '*',
          '1',
          '__proto__',
          'constructor',
        ];
        for (const name of names) {
          for (const call of [
            () => Book.objects.filter(untyped({ [name]: 1 })),
            () => Book.objects.filter(untyped({ [`author__${name}`]: 1 })),
            () => Book.objects.orderBy(untyped(name)),
            () => Book.objects.orderBy(untyped(`-${name}`)),
            () => Book.objects.column(untyped(name)),
          ]) {
            if (name === '__proto__' && call.toString().includes('[name]')) continue; // an object has no such property of its own
            thrown(call, UsageError);
          }
          await rejection(Book.objects.values(untyped(name)), UsageError);
          await rejection(Book.objects.aggregate({ n: sum(untyped(name)) } as never), UsageError);
          const books: { groupBy(column: string): { aggregate(of: object): Promise<unknown> } } = untyped(Book.objects);
          await rejection(books.groupBy(name).aggregate({ n: count() }), UsageError);
        }
        const names2 = { [`n"; DROP`]: count() };
        expect(await Book.objects.aggregate(names2)).to.deep.equal({ [`n"; DROP`]: 5 });
      });
    });
  });
}
