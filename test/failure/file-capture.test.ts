import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import Driver from 'better-sqlite3';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { cached, captureMigration, connect, MemoryStore, type CacheStore, type Database } from '../../src/index.js';
import { CountingStore } from '../../src/testing/counting-store.js';
import { freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { temporaryFolder } from '../setup/temporary-folder.js';
import { bySqliteProgram, capturedFile, fileConfig } from '../support/captured-file.js';
import { Book, Shelf, shelfModels } from '../support/captured-models.js';

const folder = temporaryFolder('file-capture');
const updateSql = "UPDATE captured_books SET title = 'new' WHERE id = 1";

/** Begins a transaction in another process, and is killed in it. */
const dyingProgram = `
  const database = new (require('better-sqlite3'))(process.argv[1]);
  database.exec("BEGIN IMMEDIATE; UPDATE captured_books SET title = 'never' WHERE id = 1; PRAGMA cache_spill = 1");
  console.log('in it');
  setInterval(() => {}, 1000);
`;

/** The memory of another process, as it were: it answers by promises. */
function elsewhere(store: MemoryStore): CacheStore {
  return {
    name: 'elsewhere',
    read: async (keys) => store.read(keys),
    acquire: async (requests) => store.acquire(requests),
    write: async (entries) => store.write(entries),
    drop: async (keys) => store.drop(keys),
    close: () => store.close(),
  };
}

async function state(id: number): Promise<string> {
  return (await Book.cache.explain(id)).state;
}

async function fill(): Promise<void> {
  await Shelf.create({ name: 'a' });
  for (const code of ['one', 'two', 'three']) await Book.create({ title: code, code, shelfId: 1 });
  await Book.cache.getMany([1, 2, 3]);
  expect(await states()).to.deep.equal(['hit', 'hit', 'hit']);
}

function states(): Promise<string[]> {
  return Promise.all([1, 2, 3].map(state));
}

describe('change capture on SQLite, when things go wrong', () => {
  let db: Database;
  let file: string;
  let warnings: string[];
  const onWarning = (warning: Error): void => void warnings.push(warning.message);

  beforeEach(() => {
    warnings = [];
    process.on('warning', onWarning);
  });

  afterEach(async () => {
    process.off('warning', onWarning);
    await db.close();
  });

  for (const journal of ['wal', 'delete'] as const) {
    it(`forgets nothing that a killed process began, and what others write after it (journal_mode=${journal})`, async () => {
      ({ db, file } = await capturedFile(folder, shelfModels, 'memory', { journal }));
      await fill();
      const dying = spawn(process.execPath, ['-e', dyingProgram, file]);
      await once(dying.stdout, 'data');
      dying.kill('SIGKILL');
      await once(dying, 'exit');
      expect((await Book.cache.get(1)).title).to.equal('one');
      bySqliteProgram(file, updateSql);
      expect((await Book.cache.get(1)).title).to.equal('new');
      expect(await state(2)).to.equal('hit');
    });

    it(`shows what others write while somebody iterates and streams (journal_mode=${journal})`, async () => {
      ({ db, file } = await capturedFile(folder, shelfModels, 'memory', { journal }));
      await fill();
      if (journal === 'delete') return; // an open reader keeps writers out there
      const stream = db.knex('captured_books').select('id').stream();
      for await (const { id } of stream as AsyncIterable<{ id: number }>) {
        bySqliteProgram(file, `UPDATE captured_books SET title = 'streamed ${id}' WHERE id IN (1, 2)`);
        expect((await Book.cache.get(1)).title).to.equal(`streamed ${id}`);
        expect(await state(3)).to.equal('hit');
      }
      for await (const book of Book.objects.orderBy('id')) {
        bySqliteProgram(file, `UPDATE captured_books SET title = 'iterated ${book.id}' WHERE id IN (1, 2)`);
        expect((await Book.cache.get(1)).title).to.equal(`iterated ${book.id}`);
        expect(await state(3)).to.equal('hit');
      }
    });
  }

  it('forgets everything where the log was emptied, made anew or restored', async () => {
    ({ db, file } = await capturedFile(folder, shelfModels, 'memory'));
    await fill();
    const outbox = 'moneyclip_capture_outbox';
    const again = `DELETE FROM ${outbox}; INSERT INTO ${outbox} (source, columns, stable) VALUES ('', '[]', 1)`;
    for (const sql of [`DELETE FROM ${outbox}`, again]) {
      bySqliteProgram(file, sql, updateSql);
      expect(await states()).to.deep.equal(['miss', 'miss', 'miss']);
      await Book.cache.getMany([1, 2, 3]);
      bySqliteProgram(file, updateSql);
      expect(await states()).to.deep.equal(['miss', 'hit', 'hit']);
      await Book.cache.getMany([1, 2, 3]);
    }
    const backup = `${file}.backup`;
    bySqliteProgram(file, `VACUUM INTO '${backup}'`);
    await Book.cache.getMany([1, 2, 3]);
    bySqliteProgram(file, "UPDATE captured_books SET title = 'after the backup' WHERE id = 2");
    expect((await Book.cache.get(2)).title).to.equal('after the backup');
    await Book.cache.getMany([1, 2, 3]);
    copyFileSync(backup, `${backup}.copy`);
    await new Driver(`${backup}.copy`).backup(file);
    expect((await Book.cache.get(2)).title).to.equal('two');
    expect(await states()).to.deep.equal(['miss', 'hit', 'miss']);
  });

  it('forgets everything for a commit of which nothing was logged', async () => {
    ({ db, file } = await capturedFile(folder, shelfModels, 'memory'));
    bySqliteProgram(file, 'CREATE TABLE unknown (id)');
    await fill();
    bySqliteProgram(file, 'INSERT INTO unknown VALUES (1)');
    expect(await states()).to.deep.equal(['miss', 'miss', 'miss']);
    await Book.cache.getMany([1, 2, 3]);
    bySqliteProgram(file, updateSql);
    expect(await states()).to.deep.equal(['miss', 'hit', 'hit']);
  });

  it('tells apart what SQL through knex changes in a database in memory', async () => {
    db = await connect({ database: 'sqlite::memory:', capture: true });
    await db.createTables(shelfModels);
    await captureMigration({ models: shelfModels }).up(db.knex);
    await fill();
    await db.knex.raw(updateSql);
    expect(await states()).to.deep.equal(['miss', 'hit', 'hit']);
    expect((await Book.cache.get(1)).title).to.equal('new');
    await Book.objects.filter({ id: 2 }).update({ title: 'own' });
    await db.transaction(async () => {
      await Book.objects.filter({ id: 2 }).update({ title: 'own again' });
      await db.knex.raw("UPDATE captured_books SET title = 'newer' WHERE id = 1");
    });
    expect((await Book.cache.get(1)).title).to.equal('newer');
    expect(await state(3)).to.equal('hit');
    await db.knex.transaction(async (trx) => {
      await trx.raw("UPDATE captured_books SET title = 'newest' WHERE id = 1");
    });
    expect((await Book.cache.get(1)).title).to.equal('newest');
    expect(await state(3)).to.equal('hit');
  });

  it('drops what follows the rows of a model by a path, since paths do not run for changes of others', async () => {
    ({ db, file } = await capturedFile(folder, shelfModels, 'memory'));
    const count = cached(
      'shelf-count',
      async (shelf: number) => {
        const rows: unknown[] = await db.knex('captured_books').where({ shelf_id: shelf });
        return rows.length;
      },
      { watch: [[Book, (book: Book) => [book.shelfId]]] },
    );
    try {
      await fill();
      expect(await count(1)).to.equal(3);
      bySqliteProgram(file, 'DELETE FROM captured_books WHERE id = 1');
      expect(await count(1)).to.equal(2);
      expect(await state(2)).to.equal('hit');
    } finally {
      count.undeclare(); // or it would follow what other tests write
    }
  });

  it('forgets everything, and warns once, while a trigger is missing or changed', async () => {
    ({ db, file } = await capturedFile(folder, shelfModels, 'memory'));
    await fill();
    const heard: unknown[] = [];
    const hear = (message: unknown): void => void heard.push(message);
    subscribe('moneyclip:capture', hear);
    const name = 'moneyclip_capture_update_captured_books';
    bySqliteProgram(file, `DROP TRIGGER ${name}`);
    expect(await states()).to.deep.equal(['miss', 'miss', 'miss']);
    for (let round = 0; round < 3; round += 1) {
      await Book.cache.getMany([1, 2, 3]);
      bySqliteProgram(
        file,
        `UPDATE captured_books SET title = 'unheard ${round}'`,
        "UPDATE captured_shelves SET name = 'b'",
      );
      expect((await Book.cache.get(3)).title).to.equal(`unheard ${round}`);
    }
    const reason = `captured_books has no trigger ${name}; run: npx moneyclip migrate`;
    expect((await db.capture.status()).silence).to.equal(reason);
    bySqliteProgram(file, `CREATE TRIGGER ${name} AFTER UPDATE ON captured_books BEGIN SELECT 1; END`);
    await Book.cache.getMany([1, 2, 3]);
    bySqliteProgram(file, updateSql, "UPDATE captured_shelves SET name = 'c'");
    expect((await Book.cache.get(1)).title).to.equal('new');
    await captureMigration({ models: shelfModels }).up(db.knex);
    expect(await states()).to.deep.equal(['miss', 'miss', 'miss']);
    await Book.cache.getMany([1, 2, 3]);
    bySqliteProgram(file, updateSql);
    expect(await states()).to.deep.equal(['miss', 'hit', 'hit']);
    await new Promise((resolve) => setImmediate(resolve));
    unsubscribe('moneyclip:capture', hear);
    const changed = `the trigger ${name} is another one than moneyclip makes; run: npx moneyclip migrate`;
    const start =
      "moneyclip, change capture of connection 'default': every change of others makes everything forgotten: ";
    expect(warnings).to.deep.equal([start + reason, start + changed]);
    expect(heard).to.deep.equal([
      { connection: 'default', table: undefined, captured: false, reason },
      { connection: 'default', table: undefined, captured: false, reason: changed },
      { connection: 'default', table: undefined, captured: true, reason: undefined },
    ]);
  });

  it('forgets everything for every change while a unique key is newer than the triggers', async () => {
    ({ db, file } = await capturedFile(folder, shelfModels, 'memory'));
    await fill();
    bySqliteProgram(file, 'CREATE UNIQUE INDEX titles ON captured_books (title)');
    await Book.cache.getMany([1, 2, 3]);
    bySqliteProgram(file, "REPLACE INTO captured_books (id, title, code, shelf_id) VALUES (9, 'one', 'nine', 1)");
    expect(await Book.cache.find(1)).to.equal(undefined);
    await captureMigration({ models: shelfModels }).up(db.knex);
    await Book.cache.getMany([2, 3]);
    bySqliteProgram(file, "REPLACE INTO captured_books (id, title, code, shelf_id) VALUES (10, 'two', 'ten', 1)");
    expect(await Book.cache.find(2)).to.equal(undefined);
    expect(await state(3)).to.equal('hit');
  });

  it('forgets everything for every change before the triggers are there', async () => {
    file = `${folder}/uncaptured.db`;
    db = await connect({ database: fileConfig(file), capture: true });
    await db.createTables(shelfModels);
    await fill();
    bySqliteProgram(file, updateSql);
    expect(await states()).to.deep.equal(['miss', 'miss', 'miss']);
    await captureMigration({ models: shelfModels }).up(db.knex);
    await Book.cache.getMany([1, 2, 3]);
    bySqliteProgram(file, updateSql);
    expect(await states()).to.deep.equal(['miss', 'hit', 'hit']);
    await captureMigration({ models: shelfModels }).down(db.knex);
    await Book.cache.getMany([1, 2, 3]);
    bySqliteProgram(file, "UPDATE captured_books SET title = 'unlogged' WHERE id = 1");
    expect(await states()).to.deep.equal(['miss', 'miss', 'miss']);
  });

  it('makes a cache that processes share forget what nobody told it before a process began', async () => {
    const prefix = freshPrefix();
    ({ db, file } = await capturedFile(folder, shelfModels, 'redis', { prefix }));
    await fill();
    await db.close();
    bySqliteProgram(file, updateSql);
    db = await connect({ database: fileConfig(file), cache: await sharedRedisUrl(), prefix, capture: true });
    expect((await Book.cache.get(1)).title).to.equal('new');
  });

  it('tells a store elsewhere of each change once: of its own by the writer, of others by the next reader', async () => {
    const store = new CountingStore(elsewhere(new MemoryStore()));
    ({ db, file } = await capturedFile(folder, shelfModels, 'memory', { cache: store }));
    await fill();
    const dropped = async (task: () => Promise<unknown>): Promise<number> => {
      const before = store.calls.drop;
      await task();
      await Book.cache.get(1);
      await Book.cache.get(1);
      return store.calls.drop - before;
    };
    expect(await dropped(() => Book.objects.filter({ id: 1 }).update({ title: 'own' }))).to.equal(1);
    expect(await dropped(async () => (await Book.objects.get({ id: 1 })).save())).to.equal(0);
    expect(
      await dropped(() => db.transaction(async () => void (await Book.create({ title: 'x', code: 'x', shelfId: 1 })))),
    ).to.equal(1);
    expect(await dropped(async () => bySqliteProgram(file, updateSql))).to.equal(1);
    expect(await dropped(async () => undefined)).to.equal(0);
  });
});
