import { expect } from 'chai';
import createKnex, { type Knex } from 'knex';
import pg from 'pg';
import type { CacheWrite } from '../../src/store/cache-store.js';
import { openDatabase } from '../../src/database/open-database.js';
import { SqlStore } from '../../src/store/sql/sql-store.js';
import { freshDatabase } from '../setup/fresh.js';

const entry = (key: string, value: string): CacheWrite => ({ key, value, ttlMs: 60_000 });

describe('a cache in PostgreSQL while others are in the middle of something', () => {
  let knex: Knex;
  let store: SqlStore;
  /** Somebody else's connection, whose transactions the tests take step by step. */
  let other: pg.Client;

  before(async () => {
    const url = await freshDatabase('postgres');
    knex = createKnex({ client: 'pg', connection: url });
    other = new pg.Client({ connectionString: url });
    await other.connect();
  });
  beforeEach(async () => {
    store = new SqlStore({ knex, table: 'cache' });
    await store.write([entry('held', 'before')]);
    await knex('cache').delete();
  });
  afterEach(() => other.query('ROLLBACK'));
  after(async () => {
    await other.end();
    await knex.destroy();
  });

  const add = (key: string, value: string, lifeMs = 60_000): Promise<unknown> =>
    other.query('INSERT INTO cache VALUES ($1, $2, $3)', [key, value, Date.now() + lifeMs]);
  const text = async (key: string): Promise<string | undefined> => (await store.read([key]))[0];

  /** Resolves when one of the store's statements waits for a lock. */
  async function untilOneWaits(): Promise<void> {
    for (;;) {
      const { rows } = await other.query<{ waiting: number }>(
        "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
      );
      if ((rows[0]?.waiting ?? 0) > 0) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('answers the text that somebody else acquired in the same moment', async () => {
    await other.query('BEGIN');
    await add('key', 'theirs');
    const acquired = store.acquire([entry('other', 'mine'), entry('key', 'mine')]);
    await untilOneWaits();
    await other.query('COMMIT');
    expect(await acquired).to.deep.equal(['mine', 'theirs']);
    expect(await text('key')).to.equal('theirs');
  });

  it('puts its own where somebody else took theirs back', async () => {
    await other.query('BEGIN');
    await add('key', 'theirs');
    const acquired = store.acquire([entry('key', 'mine')]);
    await untilOneWaits();
    await other.query('ROLLBACK');
    expect(await acquired).to.deep.equal(['mine']);
    expect(await text('key')).to.equal('mine');
  });

  it('puts its own where an expired text is being dropped', async () => {
    await add('key', 'expired', -1);
    await other.query("BEGIN; DELETE FROM cache WHERE key = 'key'");
    const acquired = store.acquire([entry('key', 'mine')]);
    await untilOneWaits();
    await other.query('COMMIT');
    expect(await acquired).to.deep.equal(['mine']);
    expect(await text('key')).to.equal('mine');
  });

  it('answers the text that somebody else put in the place of an expired one in the same moment', async () => {
    await add('key', 'expired', -1);
    await other.query('BEGIN');
    await other.query("UPDATE cache SET value = 'theirs', expires_at = $1 WHERE key = 'key'", [Date.now() + 60_000]);
    const acquired = store.acquire([entry('key', 'mine')]);
    await untilOneWaits();
    await other.query('COMMIT');
    expect(await acquired).to.deep.equal(['theirs']);
    expect(await text('key')).to.equal('theirs');
  });

  it('waits for nobody to acquire what is there', async () => {
    await add('key', 'before');
    await other.query("BEGIN; SELECT * FROM cache WHERE key = 'key' FOR UPDATE");
    expect(await store.acquire([entry('key', 'mine')])).to.deep.equal(['before']);
    expect(await text('key')).to.equal('before');
    await other.query('ROLLBACK');
  });

  it('drops the text that is being put in the place of the one that was there', async () => {
    await add('key', 'before');
    await other.query("BEGIN; UPDATE cache SET value = 'after' WHERE key = 'key'");
    const dropped = store.drop(['key']);
    await untilOneWaits();
    await other.query('COMMIT');
    await dropped;
    expect(await text('key')).to.equal(undefined);
  });

  for (const [what, change] of [
    ['drops', () => store.drop(['b', 'a'])],
    ['writes', () => store.write([entry('b', 'new'), entry('a', 'new')])],
    ['acquires', () => store.acquire([entry('b', 'new'), entry('a', 'new')])],
  ] as const) {
    it(`${what} in the order of the keys, so that nobody waits for each other`, async () => {
      await add('a', 'old', -1);
      await add('b', 'old', -1);
      await other.query("BEGIN; SELECT * FROM cache WHERE key = 'a' FOR UPDATE");
      const changed = change();
      await untilOneWaits();
      await other.query("SELECT * FROM cache WHERE key = 'b' FOR UPDATE NOWAIT"); // would fail if it were locked
      await other.query('COMMIT');
      await changed;
    });
  }

  it('neither deletes as expired nor waits for what somebody is renewing', async () => {
    const expired = Array.from({ length: 600 }, (_, index) => entry(`key ${index}`, 'x'));
    await store.write(expired.slice(0, 400));
    await knex('cache').update({ expires_at: 1 });
    await other.query("BEGIN; UPDATE cache SET value = 'renewed', expires_at = 9e15 WHERE key = 'key 7'");
    await store.write(expired.slice(400)); // looks for expired rows after that
    const startedAt = performance.now();
    await store.close();
    expect(performance.now() - startedAt, 'a statement that waits is given up after 2 s').to.be.below(1_900);
    await other.query('COMMIT');
    expect(await text('key 7')).to.equal('renewed');
    expect(await knex('cache').where({ expires_at: 1 }).andWhere('key', '>', 'key 400')).to.deep.equal([]);
  });

  it('takes no part in a transaction of the caller’s', async () => {
    const own = await openDatabase(knex);
    await own
      .transaction(async () => {
        await store.write([entry('key', 'kept')]);
        throw new Error('rolled back');
      })
      .catch(() => undefined);
    await own.close();
    expect(await text('key')).to.equal('kept');
  });
});
