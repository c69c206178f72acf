import { expect } from 'chai';
import type { DatabaseConnection } from '../../../src/database/database-connection.js';
import type { FreshnessProbe } from '../../../src/database/dialect.js';
import { openDatabase } from '../../../src/database/open-database.js';
import { borrowWriter, write } from './statements.js';

describe('the freshness probe of SQLite in memory', () => {
  let db: DatabaseConnection;
  let probe: FreshnessProbe;

  const ownWrite = () => db.run(write("INSERT INTO books (title) VALUES ('own')"));
  const rawWrite = () => db.knex('books').insert({ title: 'raw' });
  const asked = (): boolean => probe.changedElsewhere();

  beforeEach(async () => {
    db = await openDatabase('sqlite::memory:');
    await db.run(write('CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT)'));
    if (!db.probe) throw new Error('a SQLite connection has a probe');
    probe = db.probe;
  });

  afterEach(() => db.close());

  it('says no for a thousand writes of the library', async () => {
    const answers: boolean[] = [];
    for (let i = 0; i < 500; i++) {
      await ownWrite();
      answers.push(asked());
      await db.transaction(() => ownWrite());
      answers.push(asked());
    }
    expect(answers.filter(Boolean)).to.deep.equal([]);
  });

  it('says yes once for a write through knex, before or after one of the library', async () => {
    await rawWrite();
    expect([asked(), asked()]).to.deep.equal([true, false]);
    await ownWrite();
    await rawWrite();
    expect(asked()).to.equal(true);
    await rawWrite();
    await ownWrite();
    expect([asked(), asked()]).to.deep.equal([true, false]);
  });

  it('says yes after COMMIT for a write through knex in a transaction, also if it was asked before', async () => {
    await db.transaction(async () => {
      await rawWrite();
      asked();
    });
    expect([asked(), asked()]).to.deep.equal([true, false]);
  });

  it('says yes for tables that were changed through knex', async () => {
    await db.knex.schema.dropTable('books');
    expect([asked(), asked()]).to.deep.equal([true, false]);
  });

  it('says yes after COMMIT for tables that were changed through knex in a transaction', async () => {
    await db.transaction(async () => {
      await db.knex.schema.dropTable('books');
      asked();
    });
    expect([asked(), asked()]).to.deep.equal([true, false]);
  });

  it('says yes while it has no connection, and once when it has a new one, which is empty', async () => {
    await borrowWriter(db, (writer) => {
      writer.close();
      Object.assign(writer, { __knex__disposed: 'closed by a test' }); // knex then makes a new one
    });
    expect([asked(), asked()]).to.deep.equal([true, true]);
    await db.run(write('CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT)'));
    expect([asked(), asked()]).to.deep.equal([true, false]);
  });

  it('says yes once it is closed', async () => {
    await db.close();
    expect(asked()).to.equal(true);
  });
});
