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

/** Opens what a file has beside the writer, and closes it again where that fails, as where the file stays locked for too long. */
async function openBeside(
  client: KnexClient,
  writer: SqliteDatabase,
  options: SqliteDialectOptions,
): Promise<SqliteDialect> {
  const opened: SqliteDatabase[] = [];
  try {
    const reader = await openReader(client, writer, opened);
    const third = await openReader(client, writer, opened);
    return await retryWhileBusy(() => {
      const readLock = third && isInWriteAheadMode(third) ? new ReadLock(third) : undefined;
      const dialect = new SqliteDialect({ writer, reader, readLock }, options);
      if (!readLock) third?.close();
      return dialect;
    }, options.busyTimeoutMs);
  } catch (error) {
    for (const connection of opened) connection.close();
    throw error;
  }
}

/** In the other journal modes whoever holds a read lock keeps writers from committing. */
function isInWriteAheadMode(connection: SqliteDatabase): boolean {
  return connection.pragma('journal_mode', { simple: true }) === 'wal';
}

function assertOneConnection({ pool }: KnexClient): void {
  if (pool === undefined || pool.max === 1) return;
  throw new UsageError(
    `SQLite needs a pool of one connection, since the driver is synchronous; leave out pool.max, which is ${pool.max}.`,
  );
}

/** Opens a connection that only reads, and adds it to those that were opened; undefined for a database in memory. */
async function openReader(
  client: KnexClient,
  writer: SqliteDatabase,
  opened: SqliteDatabase[],
): Promise<SqliteDatabase | undefined> {
  const file = fileOf(writer);
  if (file === '') return undefined;
  const Driver = client.driver as SqliteDriver; // knex loaded it for a client whose driverName is better-sqlite3
  const reader = new Driver(file, { readonly: writer.readonly, nativeBinding: nativeBindingOf(client) });
  opened.push(reader);
  await runHook(hookOf(client.config.pool), reader); // collations, extensions and attached files of the user's
  reader.pragma('busy_timeout = 0');
  reader.pragma('query_only = ON');
  return reader;
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
