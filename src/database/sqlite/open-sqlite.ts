import { UsageError } from '../../errors.js';
import type { KnexClient } from '../knex-client.js';
import { hookOf, runHook } from './connection-hook.js';
import { ReadLock } from './read-lock.js';
import { retryWhileBusy } from './retry-while-busy.js';
import { SqliteDialect, type SqliteDialectOptions } from './sqlite-dialect.js';
import type { SqliteDatabase, SqliteDriver } from './sqlite-driver.js';

/** Makes the dialect for a knex client of better-sqlite3 and opens the reader beside the pool's connection. */
export async function openSqlite(client: KnexClient, options: SqliteDialectOptions): Promise<SqliteDialect> {
  assertOneConnection(client);
  const connection = await client.acquireConnection();
  try {
    const writer = connection as SqliteDatabase; // the pool of a client whose driverName is better-sqlite3 holds nothing else
    const reader = await openReader(client, writer);
    const readLock = reader && (await openReadLock(client, writer));
    return await retryWhileBusy(() => new SqliteDialect({ writer, reader, readLock }, options), options.busyTimeoutMs);
  } finally {
    await client.releaseConnection(connection);
  }
}

function assertOneConnection({ pool }: KnexClient): void {
  if (pool === undefined || pool.max === 1) return;
  throw new UsageError(
    `SQLite needs a pool of one connection, since the driver is synchronous; leave out pool.max, which is ${pool.max}.`,
  );
}

async function openReader(client: KnexClient, writer: SqliteDatabase): Promise<SqliteDatabase | undefined> {
  const file = fileOf(writer);
  if (file === '') return undefined;
  const Driver = client.driver as SqliteDriver; // knex loaded it for a client whose driverName is better-sqlite3
  const reader = new Driver(file, { readonly: writer.readonly, nativeBinding: nativeBindingOf(client) });
  await runHook(hookOf(client.config.pool), reader); // collations, extensions and attached files of the user's
  reader.pragma('busy_timeout = 0');
  reader.pragma('query_only = ON');
  return reader;
}

/** Undefined in the other journal modes, where whoever holds a read lock keeps writers from committing. */
async function openReadLock(client: KnexClient, writer: SqliteDatabase): Promise<ReadLock | undefined> {
  if (writer.pragma('journal_mode', { simple: true }) !== 'wal') return undefined;
  const connection = await openReader(client, writer);
  return connection && new ReadLock(connection);
}

/** The path of the main database; empty for a database in memory. */
function fileOf(database: SqliteDatabase): string {
  const list = database.pragma('database_list') as { name: string; file: string }[]; // the pragma's columns
  return list.find((entry) => entry.name === 'main')?.file ?? '';
}

function nativeBindingOf({ connectionSettings: { options } }: KnexClient): string | undefined {
  if (typeof options !== 'object' || options === null || !('nativeBinding' in options)) return undefined;
  return typeof options.nativeBinding === 'string' ? options.nativeBinding : undefined;
}
