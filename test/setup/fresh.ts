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
  const { admin, copying } = await administration();
  await admin.query(`CREATE DATABASE ${name} TEMPLATE template0${copying}`);
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
  if (databases.length === 0) return;
  const { admin } = await administration();
  for (const { name, inTest } of databases) {
    try {
      await admin.query(`DROP DATABASE IF EXISTS ${name}`);
    } catch {
      if (inTest) created.push({ name, inTest: false }); // somebody is connected: at the end of the run
    }
  }
}

interface Administration {
  readonly admin: pg.Pool;
  /** How CREATE DATABASE copies. */
  readonly copying: string;
}

let administered: Promise<Administration> | undefined;

/** One connection for all that is made and dropped, which keeps no process alive: a new one takes as long as the rest. */
function administration(): Promise<Administration> {
  administered ??= administer();
  return administered;
}

async function administer(): Promise<Administration> {
  const admin = new pg.Pool({ connectionString: await sharedPostgresUrl(), max: 1, allowExitOnIdle: true });
  admin.on('error', () => undefined); // the server ends before the connection does
  const { rows } = await admin.query<{ server_version_num: string }>('SHOW server_version_num');
  // NOTE: by files is twice as fast as by the log, but it writes out all that is not written yet, which a server of
  // ours, which syncs nothing, does at no cost
  const byFiles = !process.env['DATABASE_URL'] && Number(rows[0]?.server_version_num) >= 150_000;
  return { admin, copying: byFiles ? ' STRATEGY FILE_COPY' : '' };
}

function uniqueName(): string {
  return `${process.pid}_${randomBytes(6).toString('hex')}`;
}
