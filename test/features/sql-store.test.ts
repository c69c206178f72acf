import { expect } from 'chai';
import createKnex, { type Knex } from 'knex';
import pg from 'pg';
import { SqlStore, UsageError, type CacheWrite } from '../../src/index.js';
import { freshDatabase } from '../setup/fresh.js';
import { thrown } from '../support/rejection.js';

const entry = (key: string): CacheWrite => ({ key, value: `of ${key}`, ttlMs: 60_000 });

describe('SqlStore', () => {
  let knex: Knex;

  before(async () => {
    knex = createKnex({ client: 'pg', connection: await freshDatabase('postgres') });
  });
  after(() => knex.destroy());

  it('takes the name of a table, with that of its schema', async () => {
    await knex.raw('CREATE SCHEMA "my cache"');
    const store = new SqlStore({ knex, table: 'my cache.Entries' });
    await store.write([entry('a')]);
    expect(await store.read(['a'])).to.deep.equal(['of a']);
    expect(await knex.withSchema('my cache').from('Entries').pluck('key')).to.deep.equal(['a']);
    await store.close();
    expect(await knex.select(knex.raw('1 AS one')), 'the instance is still open').to.deep.equal([{ one: 1 }]);
  });

  it('deletes what has expired in small steps, while others go on', async () => {
    const store = new SqlStore({ knex, table: 'swept' });
    const write = (name: string, count: number, ttlMs: number): Promise<void> =>
      store.write(Array.from({ length: count }, (_, index) => ({ key: `${name} ${index}`, value: '', ttlMs })));
    await write('old', 3_000, 1);
    await write('kept', 100, 60_000);
    for (let round = 0; round < 10; round += 1) {
      await write('kept', 500, 60_000);
      await store.close(); // resolves when what is under way is over
    }
    const counts = await knex('swept')
      .select({ name: knex.raw("split_part(key, ' ', 1)") })
      .count()
      .groupBy('name');
    expect(counts).to.deep.equal([{ name: 'kept', count: '500' }]);
  });

  it('asks with one statement, however many keys there are', async () => {
    const store = new SqlStore({ knex, table: 'counted' });
    const requests = Array.from({ length: 100 }, (_, index) => entry(`key ${index}`));
    const keys = requests.map(({ key }) => key);
    await store.write(requests);
    const statements = await statementsOf(async () => {
      await store.read(keys);
      await store.acquire(requests);
      await store.write(requests);
      await store.drop(keys);
    });
    expect(statements.map((text) => text.split(' ')[0])).to.deep.equal(['SELECT', 'WITH', 'INSERT', 'DELETE']);
  });

  it('finds keys by the index of the table', async () => {
    const store = new SqlStore({ knex, table: 'found' });
    await store.write(Array.from({ length: 3_000 }, (_, index) => entry(`key ${index}`)));
    await store.close();
    await knex.raw('ANALYZE found');
    const [text = ''] = await statementsOf(() => store.read(['key 1', 'key 2']));
    const plan: unknown = await knex.raw(`EXPLAIN ${text.replace('$1', "'{key 1,key 2}'")}`);
    expect(JSON.stringify(plan)).to.include('found_pkey').and.not.include('Seq Scan');
  });

  for (const table of ['', 'a.b.c', 'with"quote', 'nul\u0000', '.x']) {
    it(`refuses the name ${JSON.stringify(table)}`, () => {
      const expected = "The table of a SqlStore must be a name such as 'moneyclip_cache' or 'cache.entries'.";
      thrown(() => new SqlStore({ knex, table }), UsageError, expected);
    });
  }

  /** The statements that pg is asked to run meanwhile. */
  async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
    const texts: string[] = [];
    const { query } = pg.Client.prototype;
    pg.Client.prototype.query = function noting(this: pg.Client, ...parameters: [{ text: string }]) {
      texts.push(parameters[0].text);
      return query.apply(this, parameters as never) as never;
    } as unknown as typeof query;
    try {
      await work();
    } finally {
      pg.Client.prototype.query = query;
    }
    return texts;
  }

  it('refuses what is no knex instance of a database that it knows', async () => {
    const none = 'A SqlStore needs a knex instance, made with knex({ client, connection }).';
    const client = { driverName: 'mysql2', acquireConnection: () => undefined };
    const made = Object.assign(() => undefined, { client }) as unknown as Knex; // what there is of one without its driver
    const other = "A SqlStore needs a knex instance of the client 'pg' or 'better-sqlite3'; got 'mysql2'.";
    thrown(() => new SqlStore({ knex: made }), UsageError, other);
    thrown(() => new SqlStore({ knex: {} as Knex }), UsageError, none);
  });
});
