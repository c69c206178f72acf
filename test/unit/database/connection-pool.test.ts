import { expect } from 'chai';
import createKnex from 'knex';
import type { DatabaseConnection } from '../../../src/database/database-connection.js';
import { clientOf } from '../../../src/database/knex-client.js';
import { openDatabase } from '../../../src/database/open-database.js';
import { sharedPostgresUrl } from '../../setup/shared-servers.js';
import { gate } from './books.js';
import { read } from './statements.js';

/** What the tests look at in knex's pool. */
interface Pool {
  numUsed(): number;
  numFree(): number;
}

describe('a connection of PostgreSQL', () => {
  let db: DatabaseConnection;
  let pool: Pool;

  beforeEach(async () => {
    const connection = await sharedPostgresUrl();
    db = await openDatabase({ client: 'pg', connection, pool: { max: 2 } }, { acquireTimeoutMs: 2000 });
    pool = clientOf(db.knex).pool as unknown as Pool; // tarn's
  });

  afterEach(() => db.close());

  const backend = async (): Promise<unknown> => (await db.run(read('SELECT pg_backend_pid()'))).rows[0]?.[0];

  it('is kept for the next statement, and goes back to the pool a moment later', async () => {
    const first = await backend();
    expect(pool.numUsed()).to.equal(1);
    expect(await backend()).to.equal(first);
    while (pool.numUsed() > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(pool.numFree()).to.equal(1);
    expect(await backend()).to.equal(first);
  });

  it('goes back at times although one statement follows the other, so that the pool can check and end it', async () => {
    let returned = 0;
    const client = clientOf(db.knex);
    const tarn = client.pool as unknown as { on(event: 'release', listener: () => void): void };
    tarn.on('release', () => (returned += 1));
    let statements = 0;
    while (returned < 2) {
      await backend();
      statements += 1;
    }
    expect(statements).to.be.greaterThan(returned);
  });

  it('is there for knex while it is kept, which need not open another', async () => {
    const first = await backend();
    const { rows } = (await db.knex.raw('SELECT pg_backend_pid() AS pid')) as { rows: { pid: unknown }[] };
    expect(rows).to.deep.equal([{ pid: first }]);
  });

  it('is not kept while somebody waits for one', async () => {
    const open = gate();
    const holding = [1, 2].map(() => db.transaction(() => backend().then(() => open.promise)));
    while (pool.numUsed() < 2) await new Promise((resolve) => setImmediate(resolve));
    const waiting = [db.knex.raw('SELECT 1 AS one'), backend()];
    open.open();
    await Promise.all([...holding, ...waiting]);
  });

  it('that was lost while it was kept is not used again', async () => {
    const first = await backend();
    const other = await openDatabase(await sharedPostgresUrl());
    await other.run(read(`SELECT pg_terminate_backend(${String(first)}, 5000)`));
    await other.close();
    let next: unknown = first;
    while (next === first) next = await backend().catch(() => first);
    expect(await backend()).to.equal(next);
  });

  it('leaves nothing in use when the library lets go of a knex instance that is not its own', async () => {
    const knex = createKnex({ client: 'pg', connection: await sharedPostgresUrl() });
    const guest = await openDatabase(knex);
    await guest.run(read('SELECT 1'));
    await guest.close();
    expect((clientOf(knex).pool as unknown as Pool).numUsed()).to.equal(0);
    await knex.destroy();
  });
});
