import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import pg from 'pg';
import { combinations, forEachCombination } from './combinations.js';
import { freshDatabase, freshRedis } from './fresh.js';
import { sharedPostgresUrl } from './shared-servers.js';

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

describe('fresh databases', () => {
  let fromBefore: string;
  let fromTest: string;
  before(async () => {
    fromBefore = await freshDatabase('postgres');
  });

  it('are empty and apart from each other', async () => {
    fromTest = await freshDatabase('postgres');
    const other = await freshDatabase('postgres');
    await query(fromTest, 'CREATE TABLE mine (id int)');
    const tables = await query(other, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    expect(tables).to.deep.equal([]);
  });

  it('are dropped after the test that made them, but not those of a before', async () => {
    const names = await query(await sharedPostgresUrl(), 'SELECT datname FROM pg_database');
    const existing = names.map(({ datname }) => `/${String(datname)}`);
    expect(existing).to.include(new URL(fromBefore).pathname);
    expect(existing).not.to.include(new URL(fromTest).pathname);
  });

  it('of SQLite are files in folders of their own, or in memory', async () => {
    const url = await freshDatabase('sqlite');
    const path = url.replace(/^sqlite:/, '');
    expect(existsSync(path)).to.equal(false);
    expect(existsSync(dirname(path))).to.equal(true);
    expect(await freshDatabase('sqlite')).not.to.equal(url);
    expect(await freshDatabase('sqlite-memory')).to.equal('sqlite::memory:');
  });

  it('come with prefixes for the shared Redis that differ each time', async () => {
    const [first, second] = [await freshRedis(), await freshRedis()];
    expect(first.url).to.equal(second.url);
    expect(first.prefix).not.to.equal(second.prefix);
  });
});

describe('the combinations', () => {
  it('are every database with every cache', () => {
    const databases = new Set(combinations.map(({ database }) => database));
    const caches = new Set(combinations.map(({ cache }) => cache));
    expect([...databases]).to.deep.equal(['sqlite', 'sqlite-memory', 'postgres']);
    expect([...caches]).to.deep.equal(['memory', 'redis']);
    expect(combinations).to.have.length(databases.size * caches.size);
  });

  forEachCombination((combination) => {
    it('gives addresses of the kinds it names', async () => {
      const protocols = { sqlite: /^sqlite:.+\.db$/, 'sqlite-memory': /^sqlite::memory:$/, postgres: /^postgres:/ };
      expect(await combination.databaseUrl()).to.match(protocols[combination.database]);
      expect(await combination.cacheUrl()).to.match(combination.cache === 'redis' ? /^redis:/ : /^memory:$/);
      expect(combination.freshPrefix()).not.to.equal(combination.freshPrefix());
    });
  });
});
