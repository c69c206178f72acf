import { expect } from 'chai';
import { ConnectionError } from '../../src/errors.js';
import type { DatabaseConnection } from '../../src/database/database-connection.js';
import { openDatabase, type DatabaseSetting } from '../../src/database/open-database.js';
import { freePort } from '../setup/free-port.js';
import { startPostgres, type TestServer } from '../setup/servers.js';
import { startTcpProxy } from '../setup/tcp-proxy.js';
import { rejection } from '../support/rejection.js';
import { read, write } from '../unit/database/statements.js';

const limits = { acquireTimeoutMs: 5000 };

async function refused(setting: DatabaseSetting, message: string, acquireTimeoutMs = 5000): Promise<void> {
  const error = await rejection(openDatabase(setting, { acquireTimeoutMs }), ConnectionError, message);
  expect(error.outcomeUnknown).to.equal(false);
  expect(error.cause).to.be.instanceOf(Error);
}

describe('PostgreSQL that cannot be reached when it is opened', () => {
  let server: TestServer;
  let admin: DatabaseConnection;
  let port: number;

  before(async () => {
    server = await startPostgres({
      settings: { max_connections: 6, superuser_reserved_connections: 3, max_wal_senders: 0 },
    });
    port = server.port;
    admin = await openDatabase(server.url, limits);
    await admin.run(write("CREATE ROLE app LOGIN PASSWORD 'right secret'"));
    const file = String((await admin.run(read('SHOW hba_file'))).rows[0]?.[0]);
    const rules = `VALUES ('host all moneyclip 127.0.0.1/32 trust'), ('host all app 127.0.0.1/32 scram-sha-256')`;
    await admin.run(write(`COPY (${rules}) TO '${file}'`));
    await admin.run(read('SELECT pg_reload_conf()'));
  });

  after(async () => {
    await admin.close();
    await server.kill();
  });

  it('says so where nobody listens', async () => {
    const free = await freePort();
    await refused(
      `postgres://app:secret@127.0.0.1:${free}/shop`,
      `Connecting to PostgreSQL at 127.0.0.1:${free}, database 'shop', user 'app', failed: ` +
        'nothing listens there; start PostgreSQL, or correct host and port (ECONNREFUSED).',
    );
  });

  it('says so where there is no such host', async () => {
    await refused(
      { client: 'pg', connection: { host: 'moneyclip.invalid', user: 'app', database: 'shop', port: 5432 } },
      "Connecting to PostgreSQL at moneyclip.invalid:5432, database 'shop', user 'app', failed: " +
        'no such host is known; correct it (ENOTFOUND).',
    ).catch((error: unknown) => {
      // A resolver that is not there answers that it cannot tell.
      if (!String(error).includes('EAI_AGAIN')) throw error;
    });
  });

  it('says so where a folder has no socket', async () => {
    await refused(
      'postgres://app@/shop?host=/nowhere',
      "Connecting to PostgreSQL at /nowhere:5432, database 'shop', user 'app', failed: " +
        'there is no socket in that folder; start PostgreSQL, or correct the host (ENOENT).',
    );
  });

  it('says so, without the password, where that is wrong', async () => {
    const message =
      `Connecting to PostgreSQL at 127.0.0.1:${port}, database 'postgres', user 'app', failed: ` +
      'the password is wrong, or there is no such user; correct them (28P01).';
    await refused(`postgres://app:wrong%20secret@127.0.0.1:${port}/postgres`, message);
    const connection = { host: '127.0.0.1', port, user: 'app', database: 'postgres', password: 'wrong secret' };
    await refused({ client: 'pg', connection }, message);
  });

  it('says so where the user is not let in', async () => {
    await refused(
      `postgres://nobody@127.0.0.1:${port}/postgres`,
      `Connecting to PostgreSQL at 127.0.0.1:${port}, database 'postgres', user 'nobody', failed: ` +
        'the server does not let this user in; correct the user, or allow it in pg_hba.conf (28000).',
    );
  });

  it('says so where there is no such database', async () => {
    await refused(
      `postgres://moneyclip@127.0.0.1:${port}/missing`,
      `Connecting to PostgreSQL at 127.0.0.1:${port}, database 'missing', user 'moneyclip', failed: ` +
        'there is no such database; create it, or correct its name (3D000).',
    );
  });

  it('says so where the server takes no more connections', async () => {
    const url = `postgres://app:right%20secret@127.0.0.1:${port}/postgres`;
    const crowd: DatabaseConnection[] = [];
    const fill = async (): Promise<never> => {
      for (;;) crowd.push(await openDatabase(url, limits)); // each keeps the connection it was opened with
    };
    await rejection(
      fill(),
      ConnectionError,
      `Connecting to PostgreSQL at 127.0.0.1:${port}, database 'postgres', user 'app', failed: ` +
        'the server takes no more connections; close some, make pools smaller, or raise max_connections (53300).',
    );
    expect(crowd.length).to.be.within(1, 5);
    await Promise.all(crowd.map((db) => db.close()));
  });

  it('says so where no answer comes in time', async () => {
    const proxy = await startTcpProxy({ port });
    proxy.stall();
    await refused(
      `postgres://moneyclip@127.0.0.1:${proxy.port}/postgres`,
      `Connecting to PostgreSQL at 127.0.0.1:${proxy.port}, database 'postgres', user 'moneyclip', failed: ` +
        'no answer came in time; correct host and port, or look what keeps the server or the network.',
      300,
    );
    proxy.resume();
    await proxy.close();
  });
});
