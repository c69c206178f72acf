import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { sharedPostgresUrl, sharedRedisUrl } from './shared-servers.js';
import { temporaryFolder } from './temporary-folder.js';

/** The kinds of database that features are tested on. */
export type DatabaseKind = 'sqlite' | 'sqlite-memory' | 'postgres';

/** A part of the shared Redis that nobody else uses. */
export interface FreshRedis {
  readonly url: string;
  /** Begins every key of this user. */
  readonly prefix: string;
}

interface CreatedDatabase {
  readonly name: string;
  readonly inTest: boolean;
}

let created: CreatedDatabase[] = [];
let testIsRunning = false;

/**
 * The address of a new and empty database. One of PostgreSQL is dropped after the test that made it (also in a
 * `beforeEach`), or at the end of the run if it was made in a `before`; never while somebody is connected to it.
 */
export async function freshDatabase(kind: DatabaseKind): Promise<string> {
  if (kind === 'sqlite-memory') return 'sqlite::memory:';
  if (kind === 'sqlite') return `sqlite:${join(temporaryFolder('sqlite'), 'test.db')}`;
  const name = `moneyclip_${uniqueName()}`;
  await runSql(`CREATE DATABASE ${name} TEMPLATE template0`);
  created.push({ name, inTest: testIsRunning });
  const url = new URL(await sharedPostgresUrl());
  url.pathname = `/${name}`;
  return url.href;
}

/** The address of the shared Redis, and a prefix that nobody else has. */
export async function freshRedis(): Promise<FreshRedis> {
  return { url: await sharedRedisUrl(), prefix: freshPrefix() };
}

/** A prefix of cache keys that nobody else has. */
export function freshPrefix(): string {
  return `test-${uniqueName()}:`;
}

/** Says that a test begins; called by the root hooks. */
export function noteTestStart(): void {
  testIsRunning = true;
}

/** Says that a test ended, and drops the databases that it made; called by the root hooks. */
export async function noteTestEnd(): Promise<void> {
  testIsRunning = false;
  const over = created.filter((database) => database.inTest);
  created = created.filter((database) => !database.inTest);
  await dropDatabases(over);
}

/** Drops every database that is left; called at the end of the run. */
export async function dropFreshDatabases(): Promise<void> {
  const left = created;
  created = [];
  await dropDatabases(left);
}

async function dropDatabases(databases: readonly CreatedDatabase[]): Promise<void> {
  for (const { name, inTest } of databases) {
    try {
      await runSql(`DROP DATABASE IF EXISTS ${name}`);
    } catch {
      if (inTest) created.push({ name, inTest: false }); // somebody is connected: at the end of the run
    }
  }
}

async function runSql(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: await sharedPostgresUrl() });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function uniqueName(): string {
  return `${process.pid}_${randomBytes(6).toString('hex')}`;
}
