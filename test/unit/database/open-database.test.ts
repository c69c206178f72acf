import Module from 'node:module';
import { join } from 'node:path';
import { expect } from 'chai';
import createKnex from 'knex';
import { ConnectionError, UsageError } from '../../../src/errors.js';
import type { DatabaseConnection } from '../../../src/database/database-connection.js';
import { openDatabase, type DatabaseSetting } from '../../../src/database/open-database.js';
import { freshDatabase } from '../../setup/fresh.js';
import { temporaryFolder } from '../../setup/temporary-folder.js';
import { failure, gate } from './books.js';
import { borrowWriter, read, write } from './statements.js';

describe('openDatabase', () => {
  const opened: DatabaseConnection[] = [];

  async function open(setting: DatabaseSetting): Promise<DatabaseConnection> {
    const db = await openDatabase(setting);
    opened.push(db);
    return db;
  }

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((db) => db.close()));
  });

  it('opens SQLite in memory', async () => {
    const db = await open('sqlite::memory:');
    expect(db.facts.name).to.equal('sqlite');
    expect((await db.run(read('SELECT 1'))).rows).to.deep.equal([[1]]);
  });

  it('opens SQLite files by a relative and by an absolute path', async () => {
    const folder = temporaryFolder('sqlite');
    const before = process.cwd();
    process.chdir(folder);
    try {
      await (await open('sqlite:relative.db')).run(write('CREATE TABLE t (id)'));
    } finally {
      process.chdir(before);
    }
    for (const url of [`sqlite:${join(folder, 'relative.db')}`, `sqlite://${join(folder, 'relative.db')}`]) {
      expect((await (await open(url)).run(read('SELECT * FROM t'))).rows).to.deep.equal([]);
    }
  });

  it('opens PostgreSQL by either scheme', async () => {
    const url = await freshDatabase('postgres');
    for (const setting of [url, url.replace('postgres:', 'postgresql:')]) {
      const db = await open(setting);
      expect(db.facts.name).to.equal('postgres');
      expect((await db.run(read('SELECT 1'))).rows).to.deep.equal([[1]]);
    }
  });

  it('opens knex configs', async () => {
    const url = await freshDatabase('postgres');
    const { hostname: host, port, username: user, pathname } = new URL(url);
    const database = pathname.slice(1);
    for (const config of [
      { client: 'better-sqlite3', connection: { filename: ':memory:' } },
      { client: 'pg', connection: url },
      { client: 'postgresql', connection: { host, port: Number(port), user, database } },
      { client: 'pg', connection: () => ({ host, port: Number(port), user, database }) },
    ]) {
      const db = await open(config);
      expect((await db.run(read('SELECT 1'))).rows).to.deep.equal([[1]]);
    }
  });

  it('uses a knex instance, and leaves it open and as it was', async () => {
    for (const knex of [
      createKnex({ client: 'better-sqlite3', connection: { filename: ':memory:' }, useNullAsDefault: true }),
      createKnex({ client: 'pg', connection: await freshDatabase('postgres') }),
    ]) {
      const db = await openDatabase(knex);
      expect(db.knex).to.equal(knex);
      await db.close();
      expect(Object.keys(knex.client as object)).to.not.include.members(['acquireConnection']);
      await knex.transaction((trx) => trx.raw('SELECT 1'));
      const again = await openDatabase(knex);
      await again.close();
      await knex.destroy();
    }
  });

  it('waits for what is running before it leaves a knex instance', async () => {
    const knex = createKnex({ client: 'better-sqlite3', connection: { filename: ':memory:' }, useNullAsDefault: true });
    const db = await openDatabase(knex);
    const begun = gate();
    const release = gate();
    const order: string[] = [];
    const work = db.transaction(() => {
      begun.open();
      return release.promise.then(() => order.push('work'));
    });
    await begun.promise;
    const closing = db.close().then(() => order.push('closed'));
    await new Promise(setImmediate); // time enough to close, if it did not wait
    release.open();
    await Promise.all([work, closing]);
    expect(order).to.deep.equal(['work', 'closed']);
    await knex.destroy();
  });

  it('sets the pragmas of SQLite, and lets the hook of a config have the last word', async () => {
    const filename = join(temporaryFolder('sqlite'), 'test.db');
    const pragmas = async (db: DatabaseConnection) => {
      const found: unknown[] = [];
      await borrowWriter(db, (writer) => {
        for (const name of ['journal_mode', 'foreign_keys', 'recursive_triggers']) {
          found.push(writer.pragma(name, { simple: true }));
        }
      });
      return found;
    };
    expect(await pragmas(await open(`sqlite:${filename}`))).to.deep.equal(['wal', 1, 1]);
    const afterCreate = (connection: { pragma(text: string): void }, done: () => void): void => {
      connection.pragma('foreign_keys = OFF');
      done();
    };
    const config = { client: 'better-sqlite3', connection: { filename }, pool: { afterCreate } };
    expect(await pragmas(await open(config))).to.deep.equal(['wal', 0, 1]);
  });

  it('gives the reading connection what the hook of a config gives to the writing one', async () => {
    const afterCreate = (connection: { function(name: string, body: () => number): void }, done: () => void): void => {
      connection.function('seven', () => 7);
      done();
    };
    const filename = join(temporaryFolder('sqlite'), 'test.db');
    const db = await open({ client: 'better-sqlite3', connection: { filename }, pool: { afterCreate } });
    expect((await db.run(read('SELECT seven()'))).rows).to.deep.equal([[7]]);
  });

  it('gives an error of the hook of a config', async () => {
    const afterCreate = (_connection: unknown, done: (error: Error) => void): void => done(new Error('no extension'));
    const config = { client: 'better-sqlite3', connection: { filename: ':memory:' }, pool: { afterCreate } };
    const error = await failure(openDatabase(config));
    expect(error).to.be.instanceOf(ConnectionError);
    expect(error.message).to.equal('Connecting to the database failed: no extension.');
  });

  describe('refuses', () => {
    const accepted =
      "database must be 'sqlite:<file>', 'sqlite::memory:', 'postgres://user@host:port/name', a knex config or a knex instance";
    const cases: readonly [unknown, string][] = [
      ['mysql://root:secret@localhost/shop', `${accepted}; got 'mysql:'.`],
      ['app.db', `${accepted}; got 'app.db'.`],
      ['', `${accepted}; got ''.`],
      [undefined, `${accepted}; got undefined.`],
      [7, `${accepted}; got number.`],
      [() => 7, `${accepted}; got function.`],
      ['sqlite:', "A SQLite URL is 'sqlite:<file>', 'sqlite:///<absolute path>' or 'sqlite::memory:'; got 'sqlite:'."],
      [
        'sqlite://app.db',
        "A SQLite URL is 'sqlite:<file>', 'sqlite:///<absolute path>' or 'sqlite::memory:'; got 'sqlite://app.db'.",
      ],
      [{ client: 'mysql2' }, "A knex config must have the client 'better-sqlite3' or 'pg'; got 'mysql2'."],
      [{}, "A knex config must have the client 'better-sqlite3' or 'pg'; got undefined."],
      [
        { client: 'better-sqlite3', connection: { filename: ':memory:' }, pool: { max: 4 } },
        'SQLite needs a pool of one connection, since the driver is synchronous; leave out pool.max, which is 4.',
      ],
    ];
    for (const [setting, message] of cases) {
      it(`${JSON.stringify(setting) ?? String(setting)}`, async () => {
        const error = await failure(openDatabase(setting as DatabaseSetting));
        expect(error).to.be.instanceOf(UsageError);
        expect(error.message).to.equal(message);
      });
    }

    it('a knex instance with a pool of many SQLite connections', async () => {
      const connection = { filename: join(temporaryFolder('sqlite'), 'test.db') };
      const knex = createKnex({ client: 'better-sqlite3', connection, useNullAsDefault: true, pool: { max: 3 } });
      expect((await failure(openDatabase(knex))).message).to.match(/^SQLite needs a pool of one connection/);
      await knex.destroy();
    });

    it('a knex instance of another client, or without a connection', async () => {
      const without = createKnex({ client: 'pg' });
      expect((await failure(openDatabase(without))).message).to.equal(
        'This knex instance has no pool of connections; make it with knex({ client, connection }).',
      );
      const other = createKnex({ client: 'sqlite3' });
      expect((await failure(openDatabase(other))).message).to.equal(
        "A knex instance must use the client 'better-sqlite3' or 'pg'; got 'sqlite3'.",
      );
    });

    it('a knex instance that another connection uses', async () => {
      const knex = createKnex({
        client: 'better-sqlite3',
        connection: { filename: ':memory:' },
        useNullAsDefault: true,
      });
      const db = await openDatabase(knex);
      const error = await failure(openDatabase(knex));
      expect(error).to.be.instanceOf(UsageError);
      expect(error.message).to.equal(
        'This knex instance already belongs to an open connection; use that one, or make another knex instance.',
      );
      await db.close();
      await knex.destroy();
    });

    for (const [driver, url] of [
      ['better-sqlite3', 'sqlite::memory:'],
      ['pg', 'postgres://nobody@127.0.0.1/nothing'],
    ] as const) {
      it(`a database whose driver ${driver} is not installed, and says what to install`, async () => {
        const restore = hidePackage(driver);
        try {
          const error = await failure(openDatabase(url));
          expect(error).to.be.instanceOf(UsageError);
          expect(error.message).to.equal(
            `The database driver '${driver}' is not installed; run: npm install ${driver}`,
          );
        } finally {
          restore();
        }
      });
    }
  });
});

/** Makes a package look as if it were not installed, for code that requires it from now on. */
function hidePackage(name: string): () => void {
  const internals = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown }; // not in its type
  const load = internals._load;
  internals._load = (request, ...rest) => {
    if (request !== name) return load(request, ...rest);
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
  };
  return () => {
    internals._load = load;
  };
}
