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
    return await openBeside(client, writer, options);
  } finally {
    await client.releaseConnection(connection);
  }
}

/** Opens what a file has beside the writer, and closes it again where the file stays locked for too long. */
async function openBeside(
  client: KnexClient,
  writer: SqliteDatabase,
  options: SqliteDialectOptions,
): Promise<SqliteDialect> {
  const reader = await openReader(client, writer);
  const third = reader && (await openReader(client, writer));
  try {
    const readLock = third && (await retryWhileBusy(() => toReadLock(third), options.busyTimeoutMs));
    return await retryWhileBusy(() => new SqliteDialect({ writer, reader, readLock }, options), options.busyTimeoutMs);
  } catch (error) {
    third?.close();
    reader?.close();
    throw error;
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
function toReadLock(connection: SqliteDatabase): ReadLock | undefined {
  if (connection.pragma('journal_mode', { simple: true }) === 'wal') return new ReadLock(connection);
  connection.close();
  return undefined;
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
