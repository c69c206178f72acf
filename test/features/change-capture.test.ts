import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import pg from 'pg';
import type { Database, QuerySet } from '../../src/index.js';
import { capturedDatabase } from '../support/captured.js';
import { Book, Shelf, shelfModels } from '../support/captured-models.js';
import { heardByAll } from '../support/outbox.js';

/** Ways to change rows without this library, each in one statement or more. */
const writes: readonly (readonly [what: string, ...statements: string[]])[] = [
  ['an UPDATE', "UPDATE captured_books SET title = 'new' WHERE id = 1"],
  ['an UPDATE of a condition', 'UPDATE captured_books SET shelf_id = 2 WHERE id = 1'],
  ['an UPDATE of a unique key', "UPDATE captured_books SET code = 'moved' WHERE id = 1"],
  ['an UPDATE of a primary key', 'UPDATE captured_books SET id = 77 WHERE id = 1'],
  ['an INSERT', "INSERT INTO captured_books (id, title, code, shelf_id) VALUES (9, 'nine', 'nobody', 1)"],
  ['a DELETE', 'DELETE FROM captured_books WHERE id = 1'],
  [
    'an upsert that inserts and updates',
    `INSERT INTO captured_books (id, title, code, shelf_id) VALUES (1, 'up', 'one', 2), (9, 'nine', 'nobody', 1)
     ON CONFLICT (id) DO UPDATE SET title = excluded.title, shelf_id = excluded.shelf_id`,
  ],
  [
    'a MERGE',
    `MERGE INTO captured_books USING (VALUES (1, 'gone'), (2, 'merged'), (9, 'nine')) AS source (id, title)
     ON captured_books.id = source.id
     WHEN MATCHED AND source.id = 1 THEN DELETE
     WHEN MATCHED THEN UPDATE SET title = source.title
     WHEN NOT MATCHED THEN INSERT (id, title, code, shelf_id) VALUES (source.id, source.title, 'nobody', 1)`,
  ],
  ['a COPY', 'COPY captured_books (id, title, code, shelf_id) FROM PROGRAM \'printf "9\\tnine\\tnobody\\t1\\n"\''],
  ['a TRUNCATE', 'TRUNCATE captured_books'],
  ['a cascade of a foreign key', 'DELETE FROM captured_shelves WHERE id = 1'],
  [
    'a statement inside another one',
    "WITH gone AS (DELETE FROM captured_books WHERE id = 1 RETURNING *) UPDATE captured_shelves SET name = 'less' FROM gone WHERE captured_shelves.id = gone.shelf_id",
  ],
  ['a function', "DO $$ BEGIN UPDATE captured_books SET title = 'done' WHERE id = 1; END $$"],
  [
    'a trigger',
    `CREATE FUNCTION rename() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       UPDATE captured_books SET title = new.name WHERE shelf_id = new.id; RETURN NULL; END $$`,
    'CREATE TRIGGER rename AFTER UPDATE ON captured_shelves FOR EACH ROW EXECUTE FUNCTION rename()',
    "UPDATE captured_shelves SET name = 'renamed' WHERE id = 1",
  ],
  [
    'a deferred trigger, inside COMMIT',
    `CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       UPDATE captured_books SET title = 'late' WHERE id = 1; RETURN NULL; END $$`,
    `CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON captured_shelves DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION late()`,
    "UPDATE captured_shelves SET name = 'renamed' WHERE id = 2",
  ],
  [
    'replication, where ordinary triggers are off',
    'SET session_replication_role = replica',
    "UPDATE captured_books SET title = 'replicated' WHERE id = 1",
  ],
  [
    'a savepoint that is kept',
    'BEGIN',
    'SAVEPOINT one',
    "UPDATE captured_books SET title = 'kept' WHERE id = 1",
    'RELEASE one',
    'COMMIT',
  ],
  [
    'more rows than are recorded one by one',
    `INSERT INTO captured_books (id, title, code, shelf_id) SELECT n, 'many', 'many' || n, 1 FROM generate_series(100, 700) n`,
    "UPDATE captured_books SET title = 'all'",
  ],
];

/** What the cache answers, or what the database holds. */
async function answers(from: 'cache' | 'database'): Promise<unknown> {
  const cached = from === 'cache';
  const shelf = new Shelf({ id: 2 });
  const ofShelf = (shelfId: number): QuerySet<Book> => {
    const books = Book.objects.filter({ shelfId }).orderBy('id');
    return cached ? books.cache() : books.noCache();
  };
  const find = (key: number | { code: string }): Promise<unknown> =>
    cached ? Book.cache.find(key) : Book.objects.filter(typeof key === 'number' ? { id: key } : key).first();
  return plain({
    rows: await Promise.all([1, 2, 9].map(find)),
    codes: await Promise.all(['one', 'moved', 'nobody'].map((code) => find({ code }))),
    list: await ofShelf(1).all(),
    count: await ofShelf(1).count(),
    titles: cached ? await shelf.titles() : (await ofShelf(2).all()).map((book) => book.title),
  });
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('change capture', () => {
  for (const cache of ['memory', 'redis'] as const) {
    describe(`with ${cache}`, () => {
      let db: Database;
      let other: pg.Client;

      before(async () => {
        const captured = await capturedDatabase(shelfModels, cache);
        db = captured.db;
        other = new pg.Client(captured.url);
        await other.connect();
      });

      beforeEach(async () => {
        await other.query('RESET session_replication_role; DROP FUNCTION IF EXISTS rename, late CASCADE');
        await other.query('TRUNCATE captured_shelves CASCADE');
        await other.query("INSERT INTO captured_shelves (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')");
        await other.query(
          "INSERT INTO captured_books (id, title, code, shelf_id) VALUES (1, 'first', 'one', 1), (2, 'second', 'two', 2), (3, 'third', 'three', 3)",
        );
        await heardByAll(other);
        await answers('cache');
        expect([await state(1), await state(2), await state(9)]).to.deep.equal(['hit', 'hit', 'hit']);
      });

      after(async () => {
        await other.end();
        await db.close();
      });

      for (const [what, ...statements] of writes) {
        it(`hears of ${what}`, async () => {
          for (const statement of statements) await other.query(statement);
          await heardByAll(other);
          expect(await answers('cache')).to.deep.equal(await answers('database'));
        });
      }

      for (const [what, ...statements] of [
        ['what is rolled back', 'BEGIN', "UPDATE captured_books SET title = 'never'", 'ROLLBACK'],
        [
          'what a savepoint takes back',
          'BEGIN',
          'SAVEPOINT one',
          "UPDATE captured_books SET title = 'never'",
          'ROLLBACK TO one',
          'COMMIT',
        ],
        ['a statement that changes no row', 'UPDATE captured_books SET views = 1 WHERE id = 12345'],
      ] as const) {
        it(`hears nothing of ${what}`, async () => {
          await Book.cache.getMany([1, 2, 3]);
          for (const statement of statements) await other.query(statement);
          await heardByAll(other);
          expect(await state(1)).to.equal('hit');
        });
      }

      it('forgets what a change touches, and nothing else', async () => {
        await Book.cache.getMany([1, 2, 3]);
        const list = Book.objects.filter({ shelfId: 3 }).cache();
        await list.all();
        await other.query("UPDATE captured_books SET title = 'new' WHERE id = 1");
        await heardByAll(other);
        expect([await state(1), await state(2), await state(3)]).to.deep.equal(['miss', 'hit', 'hit']);
        const sent = db.stats().statements;
        await list.all();
        expect(db.stats().statements - sent).to.equal(0);
      });

      it('knows a change of nothing but volatile columns', async () => {
        const named = Book.objects.filter({ shelfId: 1, title: 'first' }).cache();
        const statementsOf = async (change: string): Promise<number> => {
          await named.count();
          await other.query(change);
          await heardByAll(other);
          const sent = db.stats().statements;
          await named.count();
          return db.stats().statements - sent;
        };
        expect(await statementsOf('UPDATE captured_books SET views = 7 WHERE id = 1')).to.equal(0);
        expect(await statementsOf("UPDATE captured_books SET title = 'other' WHERE id = 1")).to.equal(1);
        expect(await state(1)).to.equal('miss');
      });
    });
  }
});

async function state(id: number): Promise<string> {
  return (await Book.cache.explain(id)).state;
}
