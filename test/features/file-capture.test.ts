import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import Driver from 'better-sqlite3';
import type { Database, QuerySet } from '../../src/index.js';
import { temporaryFolder } from '../setup/temporary-folder.js';
import { bySqliteProgram, capturedFile } from '../support/captured-file.js';
import { Book, Shelf, shelfModels } from '../support/captured-models.js';

/** Ways to change rows without this library, each in one statement or more. */
const writes: readonly (readonly [what: string, ...statements: string[]])[] = [
  ['an UPDATE', "UPDATE captured_books SET title = 'new' WHERE id = 1"],
  ['an UPDATE of a condition', 'UPDATE captured_books SET shelf_id = 2 WHERE id = 1'],
  ['an UPDATE of a unique key', "UPDATE captured_books SET code = 'moved' WHERE id = 1"],
  ['an UPDATE of a primary key', 'UPDATE captured_books SET id = 77 WHERE id = 1'],
  ['an INSERT', "INSERT INTO captured_books (id, title, code, shelf_id) VALUES (9, 'nine', 'nobody', 1)"],
  ['a DELETE', 'DELETE FROM captured_books WHERE id = 1'],
  ['a DELETE of all', 'DELETE FROM captured_books'],
  [
    'an upsert that inserts and updates',
    `INSERT INTO captured_books (id, title, code, shelf_id) VALUES (1, 'up', 'one', 2), (9, 'nine', 'nobody', 1)
     ON CONFLICT (id) DO UPDATE SET title = excluded.title, shelf_id = excluded.shelf_id`,
  ],
  ['REPLACE of a key', "REPLACE INTO captured_books (id, title, code, shelf_id) VALUES (1, 'other', 'one', 2)"],
  [
    'INSERT OR REPLACE that takes another row away',
    "INSERT OR REPLACE INTO captured_books (id, title, code, shelf_id) VALUES (9, 'nine', 'one', 2)",
  ],
  [
    'INSERT OR REPLACE that takes two rows away',
    "INSERT OR REPLACE INTO captured_books (id, title, code, shelf_id) VALUES (2, 'nine', 'one', 3)",
  ],
  ['UPDATE OR REPLACE', "UPDATE OR REPLACE captured_books SET code = 'one' WHERE id = 2"],
  ['UPDATE OR REPLACE of a primary key', 'UPDATE OR REPLACE captured_books SET id = 1 WHERE id = 2'],
  ['a cascade of a foreign key', 'PRAGMA foreign_keys = ON', 'DELETE FROM captured_shelves WHERE id = 1'],
  [
    'a trigger',
    `CREATE TRIGGER rename AFTER UPDATE ON captured_shelves BEGIN
       UPDATE captured_books SET title = new.name WHERE shelf_id = new.id; END`,
    "UPDATE captured_shelves SET name = 'renamed' WHERE id = 1",
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
    'more rows than are told apart',
    `WITH RECURSIVE n(n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM n WHERE n < 1400)
     INSERT INTO captured_books (id, title, code, shelf_id) SELECT n, 'many', 'many' || n, 1 FROM n`,
    "UPDATE captured_books SET title = 'all'",
  ],
  [
    'more rows than are kept',
    `WITH RECURSIVE n(n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM n WHERE n < 12000)
     INSERT INTO captured_books (id, title, code, shelf_id) SELECT n, 'many', 'many' || n, 1 FROM n`,
  ],
  ['a table that is changed', 'CREATE TABLE extra (id)', "UPDATE captured_books SET title = 'a'", 'DROP TABLE extra'],
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
    rows: await Promise.all([1, 2, 9, 77].map(find)),
    codes: await Promise.all(['one', 'two', 'moved', 'nobody'].map((code) => find({ code }))),
    lists: await Promise.all([1, 2, 3].map((shelfId) => ofShelf(shelfId).all())),
    count: await ofShelf(1).count(),
    titles: cached ? await shelf.titles() : (await ofShelf(2).all()).map((book) => book.title),
  });
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const folder = temporaryFolder('file-capture');

describe('change capture on SQLite', function () {
  this.timeout(60_000); // thousands of rows by a program that waits for the disk
  for (const cache of ['memory', 'redis'] as const) {
    for (const journal of ['wal', 'delete'] as const) {
      describe(`with ${cache}, journal_mode=${journal}`, () => {
        let db: Database;
        let file: string;

        before(async () => {
          ({ db, file } = await capturedFile(folder, shelfModels, cache, { journal }));
        });

        after(() => db.close());

        beforeEach(async () => {
          const other = new Driver(file);
          other.exec('DROP TRIGGER IF EXISTS rename; DELETE FROM captured_books; DELETE FROM captured_shelves');
          other.exec("INSERT INTO captured_shelves (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')");
          other.exec(
            "INSERT INTO captured_books (id, title, code, shelf_id) VALUES (1, 'first', 'one', 1), (2, 'second', 'two', 2), (3, 'third', 'three', 3)",
          );
          other.close();
          await answers('cache');
          expect([await state(1), await state(2), await state(9)]).to.deep.equal(['hit', 'hit', 'hit']);
        });

        it('uses the journal that is tested', async () => {
          expect(await db.knex.raw('PRAGMA journal_mode')).to.deep.equal([{ journal_mode: journal }]);
        });

        for (const [what, ...statements] of writes) {
          it(`shows ${what} of the sqlite3 program at once`, async () => {
            bySqliteProgram(file, ...statements);
            expect(await answers('cache')).to.deep.equal(await answers('database'));
          });

          if (journal === 'delete') continue;
          it(`shows ${what} of knex at once`, async () => {
            for (const statement of statements) await db.knex.raw(statement);
            expect(await answers('cache')).to.deep.equal(await answers('database'));
          });
        }

        it('forgets what a change touches, and nothing else', async () => {
          await Book.cache.getMany([1, 2, 3]);
          const list = Book.objects.filter({ shelfId: 3 }).cache();
          await list.all();
          bySqliteProgram(file, "UPDATE captured_books SET title = 'new' WHERE id = 1");
          expect([await state(1), await state(2), await state(3)]).to.deep.equal(['miss', 'hit', 'hit']);
          const sent = db.stats().statements;
          await list.all();
          expect(db.stats().statements - sent).to.equal(0);
        });

        it('forgets no more than what REPLACE takes away', async () => {
          await Book.cache.getMany([1, 2, 3]);
          bySqliteProgram(file, "REPLACE INTO captured_books (id, title, code, shelf_id) VALUES (9, 'nine', 'one', 2)");
          expect([await state(1), await state(2), await state(3), await state(9)]).to.deep.equal([
            'miss',
            'hit',
            'hit',
            'miss',
          ]);
        });

        for (const [what, ...statements] of [
          ['what is rolled back', 'BEGIN', "UPDATE captured_books SET title = 'never'", 'ROLLBACK'],
          ['a statement that changes no row', 'UPDATE captured_books SET views = 1 WHERE id = 12345'],
        ] as const) {
          it(`forgets nothing of ${what}`, async () => {
            await Book.cache.getMany([1, 2, 3]);
            bySqliteProgram(file, ...statements);
            expect(await state(1)).to.equal('hit');
          });
        }

        it('knows a change of nothing but volatile columns', async () => {
          const named = Book.objects.filter({ shelfId: 1, title: 'first' }).cache();
          const statementsOf = async (change: string): Promise<number> => {
            await named.count();
            bySqliteProgram(file, change);
            const sent = db.stats().statements;
            await named.count();
            return db.stats().statements - sent;
          };
          expect(await statementsOf('UPDATE captured_books SET views = 7 WHERE id = 1')).to.equal(0);
          expect(await statementsOf("UPDATE captured_books SET title = 'other' WHERE id = 1")).to.equal(1);
          expect(await state(1)).to.equal('miss');
        });

        it('forgets nothing more after writes of its own, alone and in transactions', async () => {
          await Book.cache.getMany([1, 2, 3]);
          const book = await Book.objects.get({ id: 1 });
          for (let round = 0; round < 3; round += 1) {
            book.title = `own ${round}`;
            await book.save();
            expect([await state(1), await state(2)]).to.deep.equal(['miss', 'hit']);
            await Book.cache.get(1);
            expect([await state(1), await state(2)]).to.deep.equal(['hit', 'hit']);
            await db.transaction(async () => {
              await Book.objects.filter({ id: 1 }).update({ views: round });
              await Book.create({ title: 'more', code: `more ${round}`, shelfId: 1 });
            });
            await Book.cache.get(1);
            bySqliteProgram(file, "UPDATE captured_books SET title = 'third' WHERE id = 3");
            expect([await state(1), await state(2), await state(3)]).to.deep.equal(['hit', 'hit', 'miss']);
            await Book.cache.get(3);
          }
        });

        it('shows changes of others between writes of its own', async () => {
          for (let round = 0; round < 3; round += 1) {
            bySqliteProgram(file, `UPDATE captured_books SET title = 'theirs ${round}' WHERE id = 1`);
            await Book.objects.filter({ id: 2 }).update({ title: `ours ${round}` });
            expect(await answers('cache')).to.deep.equal(await answers('database'));
            await Book.objects.filter({ id: 1 }).update({ views: round });
            bySqliteProgram(file, `UPDATE captured_books SET title = 'again ${round}' WHERE id = 1`);
            await Book.objects.filter({ id: 3 }).update({ title: `ours ${round}` });
            expect(await answers('cache')).to.deep.equal(await answers('database'));
          }
        });

        it('forgets nothing for VACUUM and checkpoints, or everything, and goes on', async () => {
          await Book.cache.getMany([1, 2, 3]);
          bySqliteProgram(file, 'VACUUM', 'PRAGMA wal_checkpoint(TRUNCATE)');
          expect(await answers('cache')).to.deep.equal(await answers('database'));
          bySqliteProgram(file, "UPDATE captured_books SET title = 'after' WHERE id = 1");
          expect([await state(1), await state(2)]).to.deep.equal(['miss', 'hit']);
        });
      });
    }
  }
});

async function state(id: number): Promise<string> {
  return (await Book.cache.explain(id)).state;
}
