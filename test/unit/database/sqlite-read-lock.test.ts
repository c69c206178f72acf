import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import { ReadLock } from '../../../src/database/sqlite/read-lock.js';
import type { SqliteDatabase } from '../../../src/database/sqlite/sqlite-driver.js';
import type { DatabaseConnection } from '../../../src/database/database-connection.js';
import { openDatabase } from '../../../src/database/open-database.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { temporaryFolder } from '../../setup/temporary-folder.js';
import { ForeignWriter } from './foreign-writer.js';
import { write } from './statements.js';

const folder = temporaryFolder('read-lock');

/** Whether it is held shows in the connection, which is in a transaction then. */
describe('the read lock of a SQLite file', () => {
  let clock: FakeClock;
  let connection: SqliteDatabase;
  let lock: ReadLock;

  const read = (version: number, times = 8): boolean => {
    for (let i = 0; i < times; i++) lock.noteRead(version);
    return connection.inTransaction;
  };
  const commitHeld = (version: number): boolean => read(version, 9);

  beforeEach(() => {
    clock = new FakeClock();
    connection = new Database(join(folder, 'lock.db')) as unknown as SqliteDatabase; // its types ask for parameters of get()
    connection.pragma('journal_mode = WAL');
    lock = new ReadLock(connection, clock);
    lock.noteRead(1);
  });

  afterEach(() => lock.close());

  it('is taken for the eighth read of one version', () => {
    expect([read(1, 7), read(1, 1)]).to.deep.equal([false, true]);
  });

  it('is not taken while each read sees another version', () => {
    for (let version = 2; version < 50; version++) expect(read(version, 1)).to.equal(false);
  });

  it('is given back as soon as a read sees another version', () => {
    read(1);
    expect([read(2, 1), read(2, 7), read(2, 1)]).to.deep.equal([false, false, true]);
  });

  it('is given back after 20 ms, and taken again if there are reads', async () => {
    read(1);
    await clock.advance(19);
    expect(connection.inTransaction).to.equal(true);
    await clock.advance(1);
    expect(connection.inTransaction).to.equal(false);
    expect([read(1, 7), read(1, 1)]).to.deep.equal([false, true]);
  });

  it('is given back after 5,000 reads, where no timer gets its turn', () => {
    read(1);
    expect([read(1, 4999), read(1, 1), clock.scheduled, read(1)]).to.deep.equal([true, false, 0, true]);
  });

  it('is given back before a write of this process', () => {
    read(1);
    lock.letCommit();
    expect(connection.inTransaction).to.equal(false);
  });

  it('is left after sixteen commits came while it was held, until one has come without it', () => {
    read(1);
    for (let version = 2; version <= 16; version++) expect(commitHeld(version), `commit ${version}`).to.equal(true);
    expect(commitHeld(17)).to.equal(false);
    expect(read(17, 1000)).to.equal(false);
    expect(commitHeld(18)).to.equal(true);
  });

  it('counts a commit that came before the timer, and was seen after it', async () => {
    read(1);
    for (let version = 2; version <= 16; version++) {
      await clock.advance(20);
      expect(commitHeld(version), `commit ${version}`).to.equal(true);
    }
    await clock.advance(20);
    expect(commitHeld(17)).to.equal(false);
  });

  it('does not count what this process wrote', () => {
    read(1);
    for (let version = 2; version < 50; version++) {
      lock.letCommit();
      expect(commitHeld(version), `commit ${version}`).to.equal(true);
    }
  });

  it('is left where the file cannot be read, and nothing is thrown', () => {
    connection.close();
    expect(() => read(1, 100)).not.to.throw();
    expect(clock.scheduled).to.equal(0);
  });

  it('leaves no timer when it is closed', () => {
    read(1);
    lock.close();
    expect([clock.scheduled, connection.open]).to.deep.equal([0, false]);
  });
});

describe('the read lock of a SQLite file that another process writes', () => {
  let file: string;
  let files = 0;
  let db: DatabaseConnection;
  let foreign: ForeignWriter;

  const readMuch = (): void => {
    for (let i = 0; i < 20; i++) db.probe?.changedElsewhere();
  };
  const logSize = (): number => statSync(`${file}-wal`).size;

  beforeEach(async () => {
    files += 1;
    file = join(folder, `foreign-${files}.db`);
    db = await openDatabase(`sqlite:${file}`);
    await db.run(write('CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT)'));
    foreign = new ForeignWriter(file);
    await foreign.exec('PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 8');
  });

  afterEach(async () => {
    await foreign.close();
    await db.close();
  });

  it('lets the log begin anew, however often this one reads between its commits', async () => {
    for (let i = 0; i < 300; i++) {
      await foreign.exec("INSERT INTO books (title) VALUES ('foreign')");
      readMuch();
    }
    expect(logSize()).to.be.below(64 * 4120); // of a frame for each commit at least
  });

  it('lets a checkpoint that waits for readers come to its end while this one reads', async () => {
    await foreign.exec("INSERT INTO books (title) VALUES ('foreign')");
    readMuch();
    let isDone = false;
    const done = foreign.exec('PRAGMA busy_timeout = 10000; PRAGMA wal_checkpoint(TRUNCATE)').then(() => {
      isDone = true;
    });
    while (!isDone) {
      readMuch();
      await nextTurn();
    }
    await done;
    expect(logSize()).to.equal(0);
  });

  it('is not in the way of what this process writes through knex', async () => {
    await foreign.exec("INSERT INTO books (title) VALUES ('foreign')");
    readMuch();
    await db.knex.raw('PRAGMA wal_checkpoint(TRUNCATE)');
    expect(logSize()).to.equal(0);
  });

  it('leaves no files when the last connection is closed', async () => {
    readMuch();
    await foreign.close();
    await db.close();
    expect(existsSync(`${file}-wal`)).to.equal(false);
  });
});
