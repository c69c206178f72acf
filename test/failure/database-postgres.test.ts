import { expect } from 'chai';
import { ConnectionError, TransactionConflictError } from '../../src/errors.js';
import type { DatabaseConnection } from '../../src/database/database-connection.js';
import { openDatabase } from '../../src/database/open-database.js';
import { startPostgres, type TestServer } from '../setup/servers.js';
import { startTcpProxy, type TcpProxy } from '../setup/tcp-proxy.js';
import { failure, gate } from '../unit/database/books.js';
import { read, write } from '../unit/database/statements.js';

const queryTimeoutMs = 400;
const acquireTimeoutMs = 600;
/** What a loaded machine may add to a time limit. */
const slackMs = 1500;

const insert = (db: DatabaseConnection, id: number) => db.run(write(`INSERT INTO books (id) VALUES (${id})`));
const ids = async (db: DatabaseConnection) => (await db.run(read('SELECT id FROM books ORDER BY id'))).rows.flat();

describe('PostgreSQL that fails', () => {
  let server: TestServer;
  let proxy: TcpProxy;
  let db: DatabaseConnection;

  before(async () => {
    server = await startPostgres();
    const setup = await openDatabase(server.url);
    await setup.run(write('CREATE TABLE books (id INTEGER PRIMARY KEY)'));
    await setup.close();
  });

  after(() => server.kill());

  beforeEach(async () => {
    proxy = await startTcpProxy({ port: server.port });
    const url = server.url.replace(String(server.port), String(proxy.port));
    db = await openDatabase({ client: 'pg', connection: url, pool: { max: 2 } }, { queryTimeoutMs, acquireTimeoutMs });
    await db.run(write('DELETE FROM books'));
  });

  afterEach(async () => {
    proxy.resume();
    await db.close();
    await proxy.close();
  });

  describe('when it is opened', () => {
    it('gives a ConnectionError in time where nobody answers', async () => {
      proxy.stall();
      const url = `postgres://moneyclip@127.0.0.1:${proxy.port}/postgres`;
      const error = await within(acquireTimeoutMs, failure(openDatabase(url, { acquireTimeoutMs })));
      expect(error).to.be.instanceOf(ConnectionError);
    });
  });

  describe('when its connections are all taken', () => {
    it('gives a ConnectionError in time, and goes on when one is free again', async () => {
      const free = gate();
      const holding = [1, 2].map((id) => db.transaction(() => insert(db, id).then(() => free.promise)));
      const error = await within(acquireTimeoutMs, failure(ids(db)));
      expect(error).to.be.instanceOf(ConnectionError);
      expect(error.message).to.match(/^No connection became free in time\./);
      free.open();
      await Promise.all(holding);
      expect(await ids(db)).to.deep.equal([1, 2]);
    });
  });

  describe('when it is stopped', () => {
    afterEach(() => server.resume());

    it('gives a ConnectionError within the query timeout, and answers again once it goes on', async () => {
      await server.pause();
      const error = await within(queryTimeoutMs, failure(ids(db)));
      expect(error).to.be.instanceOf(ConnectionError).and.have.property('outcomeUnknown', false);
      await server.resume();
      expect(await ids(db)).to.deep.equal([]);
    });

    it('says that the outcome of a write is unknown', async () => {
      await server.pause();
      const error = await within(queryTimeoutMs, failure(insert(db, 1)));
      expect(error).to.be.instanceOf(ConnectionError).and.have.property('outcomeUnknown', true);
    });

    it('gives up every connection of the pool in turn, each within the timeouts', async () => {
      await Promise.all([ids(db), ids(db)]);
      await server.pause();
      for (let i = 0; i < 3; i++) {
        expect(await within(queryTimeoutMs + acquireTimeoutMs, failure(ids(db)))).to.be.instanceOf(ConnectionError);
      }
      await server.resume();
      expect(await ids(db)).to.deep.equal([]);
    });

    it('ends a transaction within one query timeout', async () => {
      const error = await within(
        queryTimeoutMs,
        failure(
          db.transaction(async () => {
            await insert(db, 1);
            await server.pause();
            await insert(db, 2);
          }),
        ),
      );
      expect(error).to.be.instanceOf(ConnectionError).and.have.property('outcomeUnknown', false);
      await server.resume();
      expect(await ids(db)).to.deep.equal([]);
    });

    it('refuses at once what still waits for its turn in the transaction', async () => {
      const errors = await within(
        queryTimeoutMs,
        db
          .transaction(async () => {
            await server.pause();
            return Promise.all([1, 2, 3].map((id) => failure(insert(db, id))));
          })
          .catch((error: unknown) => [error]),
      );
      expect(errors).to.have.length(1);
      expect(errors[0]).to.be.instanceOf(ConnectionError);
    });

    it('says that the outcome of a COMMIT is unknown', async () => {
      const outcomes: string[] = [];
      const error = await within(
        queryTimeoutMs,
        failure(
          db.transaction(async (transaction) => {
            transaction.onSettled((outcome) => void outcomes.push(outcome));
            await insert(db, 1);
            await server.pause();
          }),
        ),
      );
      expect(error).to.be.instanceOf(ConnectionError).and.have.property('outcomeUnknown', true);
      expect(outcomes).to.deep.equal(['unknown']);
    });

    it('can be closed in time', async () => {
      await ids(db);
      await server.pause();
      await within(acquireTimeoutMs, db.close());
    });
  });

  it('throws away a connection on which a query of knex ran out of time', async () => {
    await failure(Promise.resolve(db.knex.raw('SELECT pg_sleep(20)')));
    expect(await ids(db)).to.deep.equal([]);
  });

  describe('when it dies', () => {
    it('gives a ConnectionError to what was running, and is found again after its restart', async () => {
      const running = failure(db.run(read('SELECT pg_sleep(20)')));
      await ids(db);
      await server.kill();
      expect(await running).to.be.instanceOf(ConnectionError);
      expect(await failure(ids(db))).to.be.instanceOf(ConnectionError);
      await server.restart();
      expect(await ids(db)).to.be.an('array');
      await db.transaction(() => insert(db, 7));
    });

    it('gives a ConnectionError where the connection is cut before COMMIT is answered', async () => {
      const outcomes: string[] = [];
      const error = await failure(
        db.transaction(async (transaction) => {
          transaction.onSettled((outcome) => void outcomes.push(outcome));
          await insert(db, 1);
          proxy.cut();
        }),
      );
      expect(error).to.be.instanceOf(ConnectionError).and.have.property('outcomeUnknown', true);
      expect(outcomes).to.deep.equal(['unknown']);
      proxy.resume();
      expect(await ids(db)).to.deep.equal([]);
    });

    it('gives a ConnectionError when its backend is terminated inside a transaction, and rolls back without waiting', async () => {
      const errors: Error[] = [];
      const outcomes: string[] = [];
      const failing = db.transaction(async (transaction) => {
        transaction.onSettled((outcome) => void outcomes.push(outcome));
        await insert(db, 1);
        await terminate(server, await backendOf(db));
        errors.push(await failure(insert(db, 2)), await failure(insert(db, 3)));
      });
      errors.push(await within(0, failure(failing)));
      for (const error of errors) expect(error).to.be.instanceOf(ConnectionError);
      expect(outcomes).to.deep.equal(['rolled back']);
      expect(await ids(db)).to.deep.equal([]);
    });

    it('gives a ConnectionError when its backend is terminated during a statement', async () => {
      const backend = gate();
      let pid = 0;
      const failing = failure(
        db.transaction(async () => {
          pid = await backendOf(db);
          const sleeping = db.run(read('SELECT pg_sleep(20)'));
          backend.open();
          await sleeping;
        }),
      );
      await backend.promise;
      await terminate(server, pid);
      expect(await failing).to.be.instanceOf(ConnectionError);
      expect(await ids(db)).to.deep.equal([]);
    });
  });

  describe('when it refuses', () => {
    it('gives a TransactionConflictError for a serialization failure', async () => {
      await insert(db, 1);
      const isolation = 'serializable';
      const seen = [gate(), gate()];
      const work = (mine: 0 | 1) => async () => {
        await ids(db);
        seen[mine]?.open();
        await seen[1 - mine]?.promise;
        await db.run(write('UPDATE books SET id = id + 10'));
      };
      const transactions = [db.transaction(work(0), { isolation }), db.transaction(work(1), { isolation })];
      const results = await Promise.allSettled(transactions);
      const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
      expect(errors).to.have.length(1);
      expect(errors[0]).to.be.instanceOf(TransactionConflictError);
    });

    it('gives a TransactionConflictError for a deadlock', async () => {
      await insert(db, 1);
      await insert(db, 2);
      const locked = [gate(), gate()];
      const lock = (id: number) => db.run(read(`SELECT id FROM books WHERE id = ${id} FOR UPDATE`));
      const lockBoth = (first: number, second: number) =>
        db.transaction(async () => {
          await db.run(write("SET LOCAL deadlock_timeout = '20ms'"));
          await lock(first);
          locked[first - 1]?.open();
          await locked[second - 1]?.promise;
          await lock(second);
        });
      const results = await Promise.allSettled([lockBoth(1, 2), lockBoth(2, 1)]);
      const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
      expect(errors).to.have.length(1);
      expect(errors[0]).to.be.instanceOf(TransactionConflictError);
    });

    it('gives a ConnectionError with a known outcome when the server cancels a statement, and keeps the connection', async () => {
      await db.transaction(async () => {
        const before = await backendOf(db);
        await db.run(write("SET LOCAL statement_timeout = '20ms'"));
        const error = await failure(db.transaction(() => db.run(write('SELECT pg_sleep(20)'))));
        expect(error).to.be.instanceOf(ConnectionError).and.have.property('outcomeUnknown', false);
        expect(await backendOf(db)).to.equal(before);
      });
    });

    it('gives a ConnectionError where the server takes no more connections', async () => {
      const small = await startPostgres({
        settings: { max_connections: 4, superuser_reserved_connections: 0, max_wal_senders: 0 },
      });
      const crowd = await openDatabase({ client: 'pg', connection: small.url, pool: { max: 6 } }, { acquireTimeoutMs });
      try {
        const results = await Promise.allSettled(
          Array.from({ length: 6 }, () => crowd.run(read('SELECT pg_sleep(0.5)'))),
        );
        const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
        expect(errors.length).to.be.greaterThan(0);
        for (const error of errors) {
          expect(error).to.be.instanceOf(ConnectionError).and.have.property('outcomeUnknown', false);
        }
        expect((await crowd.run(read('SELECT 1'))).rows).to.deep.equal([[1]]);
      } finally {
        await crowd.close();
        await small.kill();
      }
    });
  });
});

async function backendOf(db: DatabaseConnection): Promise<number> {
  return Number((await db.run(read('SELECT pg_backend_pid()'))).rows[0]?.[0]);
}

async function terminate(server: TestServer, pid: number): Promise<void> {
  const admin = await openDatabase(server.url);
  await admin.run(read(`SELECT pg_terminate_backend(${pid}, 5000)`));
  await admin.close();
}

/** Fails where `promise` takes longer than `limitMs`, give or take what a loaded machine adds. */
async function within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await promise;
  expect(performance.now() - started, 'milliseconds').to.be.below(limitMs + slackMs);
  return result;
}
