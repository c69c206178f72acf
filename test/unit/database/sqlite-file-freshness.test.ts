import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { expect } from 'chai';
import createKnex, { type Knex } from 'knex';
import type { DatabaseConnection } from '../../../src/database/database-connection.js';
import type { FreshnessProbe } from '../../../src/database/dialect.js';
import { openDatabase } from '../../../src/database/open-database.js';
import { temporaryFolder } from '../../setup/temporary-folder.js';
import { ForeignWriter } from './foreign-writer.js';
import { borrowWriter, read, write } from './statements.js';

/** A user's own instance: its pragmas are not ours, so that it may have any journal mode. */
function knexOn(filename: string): Knex {
  const afterCreate = (connection: Database, done: () => void): void => {
    connection.pragma('synchronous = OFF');
    done();
  };
  const log = { warn() {} };
  return createKnex({
    client: 'better-sqlite3',
    connection: { filename },
    useNullAsDefault: true,
    log,
    pool: { afterCreate },
  });
}

for (const journal of ['wal', 'delete']) {
  describe(`the freshness probe of a SQLite file (journal_mode=${journal})`, () => {
    const file = join(temporaryFolder('freshness'), 'test.db');
    let knex: Knex;
    let db: DatabaseConnection;
    let probe: FreshnessProbe;
    let foreign: ForeignWriter;

    const ownWrite = () => db.run(write("INSERT INTO books (title) VALUES ('own')"));
    const rawWrite = () => db.knex('books').insert({ title: 'raw' });
    const foreignWrite = () => foreign.exec("INSERT INTO books (title) VALUES ('foreign')");
    const asked = (): boolean => probe.changedElsewhere();

    before(async () => {
      const setup = knexOn(file);
      await setup.raw(`PRAGMA journal_mode = ${journal}`);
      await setup.schema.createTable('books', (table) => {
        table.increments('id');
        table.string('title');
      });
      await setup.destroy();
      foreign = new ForeignWriter(file);
      await foreign.exec('SELECT 1');
    });

    after(() => foreign.close());

    beforeEach(async () => {
      knex = knexOn(file);
      db = await openDatabase(knex);
      if (!db.probe) throw new Error('a SQLite connection has a probe');
      probe = db.probe;
    });

    afterEach(async () => {
      await db.close();
      await knex.destroy();
    });

    it(`runs with journal_mode=${journal}`, async () => {
      expect((await db.run(read('PRAGMA journal_mode'))).rows).to.deep.equal([[journal]]);
    });

    it('says no while nothing happens', () => {
      expect([asked(), asked()]).to.deep.equal([false, false]);
    });

    it('says no for a thousand writes of the library, alone and in transactions', async () => {
      const answers: boolean[] = [];
      for (let i = 0; i < 500; i++) {
        await ownWrite();
        answers.push(asked());
        await db.transaction(async () => {
          await ownWrite();
          answers.push(asked());
          await db.run(read('SELECT count(*) FROM books'));
        });
        answers.push(asked());
      }
      expect(answers.filter(Boolean)).to.deep.equal([]);
    });

    it('says no for writes of the library that were rolled back, followed by one that was not', async () => {
      await db
        .transaction(async () => {
          await ownWrite();
          await db.transaction(() => ownWrite().then(() => Promise.reject(new Error('inner')))).catch(() => undefined);
          throw new Error('outer');
        })
        .catch(() => undefined);
      expect(asked()).to.equal(false);
      await ownWrite();
      expect(asked()).to.equal(false);
    });

    it('says yes once for a commit of another process', async () => {
      await foreignWrite();
      expect([asked(), asked()]).to.deep.equal([true, false]);
    });

    it('says yes for a commit of another process before or after one of the library', async () => {
      await foreignWrite();
      await ownWrite();
      expect(asked()).to.equal(true);
      await ownWrite();
      await foreignWrite();
      expect(asked()).to.equal(true);
      await ownWrite();
      expect(asked()).to.equal(false);
    });

    it('says yes for a commit of another process between, before and after transactions of the library', async () => {
      const ownTransaction = () => db.transaction(() => ownWrite());
      await foreignWrite();
      await ownTransaction();
      expect(asked()).to.equal(true);
      await ownTransaction();
      await foreignWrite();
      await ownTransaction();
      expect(asked()).to.equal(true);
      await ownTransaction();
      await foreignWrite();
      expect(asked()).to.equal(true);
      await ownTransaction();
      expect(asked()).to.equal(false);
    });

    it('says yes for a commit before a transaction that is still open', async () => {
      await ownWrite();
      await foreignWrite();
      await db.transaction(async () => {
        await ownWrite();
        expect(asked()).to.equal(true);
        expect(asked()).to.equal(false);
      });
      expect(asked()).to.equal(false);
    });

    it('says yes for a deletion and for changed tables of another process', async () => {
      await foreign.exec('DELETE FROM books');
      expect(asked()).to.equal(true);
      await foreign.exec('CREATE TABLE other (id INTEGER); DROP TABLE other;');
      expect(asked()).to.equal(true);
    });

    it('says yes once for a write through knex', async () => {
      await rawWrite();
      expect([asked(), asked()]).to.deep.equal([true, false]);
    });

    it('says yes for a write through knex before or after one of the library', async () => {
      await rawWrite();
      await ownWrite();
      expect(asked()).to.equal(true);
      await ownWrite();
      await rawWrite();
      expect(asked()).to.equal(true);
      await ownWrite();
      expect(asked()).to.equal(false);
    });

    it('says yes for a transaction of knex, once it is committed', async () => {
      await db.knex.transaction(async (trx) => {
        await trx('books').insert({ title: 'raw' });
        expect(asked()).to.equal(false);
      });
      expect(asked()).to.equal(true);
    });

    it('says yes for a transaction of knex that is committed after the library was asked', async () => {
      await ownWrite();
      await db.knex.transaction(async (trx) => {
        await trx('books').insert({ title: 'raw' });
        asked();
      });
      await ownWrite();
      expect(asked()).to.equal(true);
    });

    it('says yes while a transaction of knex holds an old snapshot', async () => {
      await ownWrite();
      await db.knex.transaction(async (trx) => {
        await trx('books').first();
        if (journal === 'wal') await foreignWrite(); // without WAL the reader keeps writers out
        expect(asked()).to.equal(true);
      });
    });

    it('says yes after COMMIT for a write through knex in a transaction of the library', async () => {
      await db.transaction(async () => {
        await ownWrite();
        await rawWrite();
        expect(asked()).to.equal(false);
      });
      expect(asked()).to.equal(true);
      await ownWrite();
      expect(asked()).to.equal(false);
    });

    it('says yes after COMMIT although it was asked while the write through knex was not yet committed', async () => {
      await ownWrite();
      await db.transaction(async () => {
        await rawWrite();
        asked();
      });
      expect(asked()).to.equal(true);
    });

    it('says yes for tables that were changed through knex between writes of the library', async () => {
      await ownWrite();
      await db.knex.schema.createTable('passing', (table) => table.integer('id'));
      await ownWrite();
      expect(asked()).to.equal(true);
      await ownWrite();
      await db.knex.schema.dropTable('passing');
      await ownWrite();
      expect(asked()).to.equal(true);
    });

    it('says yes after COMMIT for changed tables although it was asked while they were not yet committed', async () => {
      await db.knex.schema.dropTableIfExists('passing');
      asked();
      await ownWrite();
      await db.transaction(async () => {
        await db.knex.schema.createTable('passing', (table) => table.integer('id'));
        asked();
      });
      expect(asked()).to.equal(true);
    });

    it('says yes for a commit that left no other trace', async () => {
      await db.knex.raw(`PRAGMA user_version = ${Date.now() % 1_000_000}`);
      expect([asked(), asked()]).to.deep.equal([true, false]);
    });

    it('says yes while somebody iterates on the writer', async () => {
      await ownWrite();
      await borrowWriter(db, async (writer) => {
        const rows = writer.prepare('SELECT 1 UNION SELECT 2 FROM books').iterate();
        rows.next();
        if (journal === 'wal') await foreignWrite(); // without WAL the iterator keeps writers out
        expect(asked()).to.equal(true);
        rows.return?.();
      });
      expect(asked()).to.equal(journal === 'wal');
    });

    it('may say yes for VACUUM and a checkpoint, and then no again', async () => {
      await db.knex.raw('VACUUM');
      await db.knex.raw('PRAGMA wal_checkpoint(TRUNCATE)');
      await foreign.exec('VACUUM');
      asked();
      expect(asked()).to.equal(false);
      await ownWrite();
      expect(asked()).to.equal(false);
    });

    it('says yes once after the pool has replaced its connection', async () => {
      await borrowWriter(db, (writer) => {
        writer.close();
        Object.assign(writer, { __knex__disposed: 'closed by a test' }); // knex then makes a new one
      });
      await foreignWrite();
      expect([asked(), asked()]).to.deep.equal([true, false]);
      await ownWrite();
      expect([asked(), asked()]).to.deep.equal([true, false]);
      await ownWrite();
      expect(asked()).to.equal(false);
      await rawWrite();
      expect(asked()).to.equal(true);
    });

    it('says yes while the database cannot be asked', async () => {
      if (journal === 'wal') return db.close().then(() => expect(asked()).to.equal(true));
      await foreign.exec('BEGIN EXCLUSIVE');
      expect([asked(), asked()]).to.deep.equal([true, true]);
      await foreign.exec("INSERT INTO books (title) VALUES ('foreign')");
      await foreign.exec('COMMIT');
      expect([asked(), asked()]).to.deep.equal([true, false]);
      return undefined;
    });

    it('sees each commit of another process as soon as it is acknowledged, four hundred times', async () => {
      await foreign.exec('DELETE FROM books');
      asked();
      for (let i = 1; i <= 400; i++) {
        await foreignWrite();
        expect(asked(), `commit ${i}`).to.equal(true);
        expect((await db.run(read('SELECT count(*) FROM books'))).rows, `commit ${i}`).to.deep.equal([[i]]);
      }
    });

    it('sees them after any number of questions, and keeps nobody waiting meanwhile', async () => {
      await foreign.exec('DELETE FROM books; PRAGMA busy_timeout = 0');
      asked();
      for (let i = 1; i <= 200; i++) {
        for (let question = 0; question < i; question++) expect(asked()).to.equal(false);
        await foreignWrite(); // throws if somebody keeps it from committing
        expect(asked(), `commit ${i}`).to.equal(true);
        expect((await db.run(read('SELECT count(*) FROM books'))).rows, `commit ${i}`).to.deep.equal([[i]]);
      }
      await foreign.exec('PRAGMA busy_timeout = 5000');
    });
  });
}
