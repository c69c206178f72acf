import createKnex, { type Knex } from 'knex';
import { after, before, describe } from 'mocha';
import { SqlStore } from '../../src/store/sql/sql-store.js';
import { openPostgresStore } from '../../src/store/sql/sql-store.js';
import { ResilientStore } from '../../src/store/resilient-store.js';
import { describeCacheStore, FakeClock } from '../../src/testing/index.js';
import { freshDatabase } from '../setup/fresh.js';

describe('a cache in a SQL database', () => {
  describe('PostgreSQL', () => {
    const facts = { inProcess: false, exactTtl: false, lists: true };
    let url: string;
    let knex: Knex;
    let strict: Knex;

    before(async () => {
      url = await freshDatabase('postgres');
      knex = createKnex({ client: 'pg', connection: url });
      const options = '-c default_transaction_isolation=serializable';
      strict = createKnex({ client: 'pg', connection: { connectionString: url, options } });
    });
    after(() => Promise.all([knex.destroy(), strict.destroy()]));

    describeCacheStore({ name: 'SqlStore on PostgreSQL', facts, open: () => new SqlStore({ knex }) });
    describeCacheStore({
      name: 'SqlStore on PostgreSQL that is serializable by default',
      facts,
      open: () => new SqlStore({ knex: strict }),
    });
    describeCacheStore({
      name: "the store of 'postgres:'",
      facts,
      open: () => new ResilientStore(openPostgresStore(url), { deadlineMs: 5000 }),
    });
  });

  describe('SQLite', () => {
    const clock = new FakeClock();
    for (const kind of ['sqlite', 'sqlite-memory'] as const) {
      describe(kind, () => {
        let knex: Knex;

        before(async () => {
          const filename = (await freshDatabase(kind)).slice('sqlite:'.length);
          knex = createKnex({ client: 'better-sqlite3', connection: { filename }, useNullAsDefault: true });
        });
        after(() => knex.destroy());

        describeCacheStore({
          name: `SqlStore on ${kind}`,
          open: () => new SqlStore({ knex, clock }),
          facts: { inProcess: false, exactTtl: true, lists: true },
          advance: (ms) => clock.advance(ms),
        });
      });
    }
  });
});
