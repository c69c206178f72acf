import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import createKnex from 'knex';
import { ConnectionError, DatabaseError, TransactionConflictError } from '../../src/errors.js';
import type { DatabaseConnection } from '../../src/database/database-connection.js';
import { openDatabase } from '../../src/database/open-database.js';
import { temporaryFolder } from '../setup/temporary-folder.js';
import { failure, gate } from '../unit/database/books.js';
import { ForeignWriter } from '../unit/database/foreign-writer.js';
import { borrowWriter, read, write } from '../unit/database/statements.js';

const acquireTimeoutMs = 300;

const insert = (db: DatabaseConnection, id: number) => db.run(write(`INSERT INTO books (id) VALUES (${id})`));
const ids = async (db: DatabaseConnection) => (await db.run(read('SELECT id FROM books ORDER BY id'))).rows.flat();

interface Opened {
  readonly open: boolean;
}

/** A user's own knex, with all connections that are opened by its driver. `mayUse` says whether its hook takes one. */
function watchedKnex(filename: string, mayUse: (opened: readonly Opened[]) => boolean) {
  const opened: Opened[] = [];
  const afterCreate = (_: unknown, done: (error?: Error) => void): void =>
    done(mayUse(opened) ? undefined : new Error('not this one'));
  const knex = createKnex({
    client: 'better-sqlite3',
    connection: { filename },
    useNullAsDefault: true,
    pool: { afterCreate },
  });
  const client = knex.client as { driver: new (...args: unknown[]) => Opened };
  client.driver = new Proxy(client.driver, {
    construct(target, args: unknown[]) {
      const connection = new target(...args);
      opened.push(connection);
      return connection;
    },
  });
  return { knex, opened };
}

describe('SQLite that fails', () => {
  let file: string;
  let db: DatabaseConnection;

  beforeEach(async () => {
    file = join(temporaryFolder('sqlite'), 'test.db');
    db = await openDatabase(`sqlite:${file}`, { acquireTimeoutMs });
    await db.run(write('CREATE TABLE books (id INTEGER PRIMARY KEY)'));
  });

  afterEach(() => db.close());

  describe('because another process holds the lock', () => {
    let foreign: ForeignWriter;

    beforeEach(async () => {
      foreign = new ForeignWriter(file);
      await foreign.exec('BEGIN IMMEDIATE; INSERT INTO books (id) VALUES (9);');
    });

    afterEach(() => foreign.close());

    for (const [what, work] of [
      ['a write', (id: number) => insert(db, id)],
      ['a transaction', (id: number) => db.transaction(() => insert(db, id))],
    ] as const) {
      it(`lets ${what} wait without blocking the process, and do its work then`, async () => {
        let ticks = 0;
        const ticking = setInterval(() => (ticks += 1), 1);
        const waiting = work(1);
        while (ticks < 5) await new Promise((resolve) => setImmediate(resolve));
        clearInterval(ticking);
        await foreign.exec('COMMIT');
        await waiting;
        expect(await ids(db)).to.deep.equal([1, 9]);
      });

      it(`gives ${what} a TransactionConflictError in time`, async () => {
        const started = performance.now();
        expect(await failure(work(1))).to.be.instanceOf(TransactionConflictError);
        expect(performance.now() - started).to.be.within(acquireTimeoutMs * 0.9, acquireTimeoutMs + 1500);
        await foreign.exec('COMMIT');
        expect(await ids(db)).to.deep.equal([9]);
      });
    }

    it('lets reads go on', async () => {
      expect(await ids(db)).to.deep.equal([]);
    });

    it('lets SQL through knex wait too', async () => {
      const slow = new ForeignWriter(file);
      await slow.exec('SELECT 1');
      const holding = foreign.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n; COMMIT`,
      );
      await db.knex('books').insert({ id: 1 });
      await holding;
      await slow.close();
      expect(await ids(db)).to.deep.equal([1, 9]);
    });
  });

  it('lets nobody else write from the beginning of a transaction to its end', async () => {
    const foreign = new ForeignWriter(file);
    await foreign.exec('PRAGMA busy_timeout = 0');
    await db.transaction(async () => {
      await ids(db);
      expect((await failure(foreign.exec('INSERT INTO books (id) VALUES (9)'))).message).to.equal('database is locked');
      await insert(db, 1);
    });
    await foreign.exec('INSERT INTO books (id) VALUES (9)');
    expect(await ids(db)).to.deep.equal([1, 9]);
    await foreign.close();
  });

  it('lets two connections of one process wait for each other', async () => {
    const other = await openDatabase(`sqlite:${file}`);
    const begun = gate();
    const release = gate();
    const first = db.transaction(async () => {
      await insert(db, 1);
      begun.open();
      await release.promise;
    });
    await begun.promise;
    const second = other.transaction(() => insert(other, 2));
    release.open();
    await Promise.all([first, second]);
    expect(await ids(other)).to.deep.equal([1, 2]);
    await other.close();
  });

  it('lets opening and reading wait while another process commits without a write-ahead log', async () => {
    await db.close();
    const foreign = new ForeignWriter(file);
    await foreign.exec('PRAGMA journal_mode = DELETE');
    await foreign.exec('BEGIN EXCLUSIVE; INSERT INTO books (id) VALUES (9);');
    const knex = createKnex({ client: 'better-sqlite3', connection: { filename: file }, useNullAsDefault: true });
    const started = performance.now();
    expect(await failure(openDatabase(`sqlite:${file}`, { acquireTimeoutMs: 50 }))).to.be.instanceOf(
      TransactionConflictError,
    );
    expect(performance.now() - started).to.be.at.least(50);
    const opening = openDatabase(knex);
    await foreign.exec('COMMIT');
    db = await opening;
    await foreign.exec('BEGIN EXCLUSIVE; INSERT INTO books (id) VALUES (10);');
    const reading = ids(db);
    await foreign.exec('COMMIT');
    expect(await reading).to.deep.equal([9, 10]);
    await foreign.close();
    await db.close();
    await knex.destroy();
  });

  for (const [what, mayUse] of [
    ['where the file stays locked', () => true],
    ['where the hook of the pool fails on one that only reads', (opened: readonly Opened[]) => opened.length < 2],
  ] as const) {
    it(`closes what it opened beside the pool's connection ${what}`, async () => {
      await db.close();
      const foreign = new ForeignWriter(file);
      await foreign.exec('PRAGMA journal_mode = DELETE');
      const { knex, opened } = watchedKnex(file, mayUse);
      await knex.raw('SELECT 1');
      await foreign.exec('BEGIN EXCLUSIVE; INSERT INTO books (id) VALUES (9);');
      await failure(openDatabase(knex, { acquireTimeoutMs: 50 }));
      const [pooled, ...beside] = opened;
      expect(pooled?.open).to.equal(true);
      expect(beside).not.to.have.lengthOf(0);
      expect(beside.filter(({ open }) => open)).to.deep.equal([]);
      await foreign.exec('COMMIT');
      await foreign.close();
      await knex.destroy();
    });
  }

  it('keeps no third connection without a write-ahead log', async () => {
    await db.close();
    const foreign = new ForeignWriter(file);
    await foreign.exec('PRAGMA journal_mode = DELETE');
    const { knex, opened } = watchedKnex(file, () => true);
    db = await openDatabase(knex);
    expect(opened.map(({ open }) => open)).to.deep.equal([true, true, false]);
    await db.close();
    await foreign.close();
    await knex.destroy();
  });

  it('gives a ConnectionError in time where a transaction of knex keeps the one connection', async () => {
    const trx = await db.knex.transaction();
    const error = await failure(db.transaction(() => insert(db, 1)));
    expect(error).to.be.instanceOf(ConnectionError);
    expect(error.message).to.match(/^No connection became free in time\. Transactions that stay open hold theirs/);
    await trx.rollback();
    await insert(db, 2);
    expect(await ids(db)).to.deep.equal([2]);
  });

  it('gives a ConnectionError where the directory does not exist', async () => {
    const error = await failure(openDatabase(`sqlite:${join(file, '..', 'missing', 'x.db')}`));
    expect(error).to.be.instanceOf(ConnectionError);
    expect(error.message).to.match(/^Connecting to the database failed: .*directory does not exist/);
  });

  it('gives a DatabaseError for a file that is no database', async () => {
    const other = join(file, '..', 'text.db');
    writeFileSync(other, 'This is not a database. '.repeat(100));
    const error = await failure(openDatabase(`sqlite:${other}`));
    expect(error).to.be.instanceOf(DatabaseError).and.not.instanceOf(ConnectionError);
    expect(error.message).to.equal('Connecting to the database failed: file is not a database (SQLITE_NOTADB).');
  });

  it('gives a DatabaseError for a write to a database that can only be read, and reads it', async () => {
    await insert(db, 1);
    await db.close();
    chmodSync(file, 0o444);
    db = await openDatabase({ client: 'better-sqlite3', connection: { filename: file, options: { readonly: true } } });
    expect(await ids(db)).to.deep.equal([1]);
    expect((await failure(insert(db, 2))).message).to.match(/^INSERT failed: attempt to write a readonly database/);
    expect((await failure(db.transaction(() => insert(db, 2)))).message).to.match(/readonly database/);
  });

  it('refuses a write that is not declared as one', async () => {
    const error = await failure(db.run(read('INSERT INTO books (id) VALUES (1)')));
    expect(error.message).to.match(/^INSERT failed: attempt to write a readonly database/);
    expect(await ids(db)).to.deep.equal([]);
  });

  it('opens a new connection where the old one was closed', async () => {
    await borrowWriter(db, (writer) => void writer.close());
    await insert(db, 1);
    expect(await ids(db)).to.deep.equal([1]);
  });

  it('gives a typed error in a transaction whose connection is closed', async () => {
    const error = await failure(
      db.transaction(async () => {
        await insert(db, 1);
        await borrowWriter(db, (writer) => void writer.close());
        await insert(db, 2);
      }),
    );
    expect(error).to.be.instanceOf(ConnectionError);
    await insert(db, 3);
    expect(await ids(db)).to.deep.equal([3]);
  });
});
