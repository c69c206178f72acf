import { UsageError } from '../../errors.js';
import type { Clock } from '../../support/clock.js';
import type { CacheStore, CacheWrite, ListPage } from '../cache-store.js';
import { CacheTable } from './cache-table.js';
import { SqliteCacheDialect, type SqliteCacheConnection } from './sqlite-cache-dialect.js';

/** A connection that is opened and closed here. */
export interface SqliteCacheFile extends SqliteCacheConnection {
  close(): void;
}

/** What the package better-sqlite3 exports. */
export type SqliteCacheDriver = new (file: string, options: { readonly timeout: number }) => SqliteCacheFile;

/**
 * Keeps texts in a file, with SQLite underneath: for any number of processes of one machine, without a server. Reading
 * waits for nobody; writing waits for the write of another process, without blocking this one.
 */
export class FileStore implements CacheStore {
  readonly name = 'file';
  readonly #Driver: SqliteCacheDriver;
  readonly #file: string;
  readonly #table: CacheTable<SqliteCacheConnection>;
  #connection: SqliteCacheFile | undefined;
  #closed = false;

  constructor(Driver: SqliteCacheDriver, file: string, clock: Clock) {
    this.#Driver = Driver;
    this.#file = file;
    const dialect = new SqliteCacheDialect('moneyclip_cache', clock);
    this.#table = new CacheTable(dialect, (work) => work(this.#open()));
  }

  read(keys: readonly string[]): Promise<(string | undefined)[]> {
    return this.#table.read(keys);
  }

  acquire(requests: readonly CacheWrite[]): Promise<(string | undefined)[]> {
    return this.#table.acquire(requests);
  }

  write(entries: readonly CacheWrite[]): Promise<void> {
    return this.#table.write(entries);
  }

  list(list: string, page: { readonly after: string | undefined; readonly limit: number }): Promise<ListPage> {
    return this.#table.list(list, page);
  }

  drop(keys: readonly string[]): Promise<void> {
    return this.#table.drop(keys);
  }

  async close(): Promise<void> {
    await this.#table.settled();
    this.#closed = true;
    this.#connection?.close();
  }

  /** With the first operation, and again with the next one if that failed: a cache that is not there is no error. */
  #open(): SqliteCacheFile {
    if (this.#closed) throw new Error('the store is closed');
    if (this.#connection) return this.#connection;
    const connection = new this.#Driver(this.#file, { timeout: 0 });
    try {
      connection.pragma('journal_mode = WAL');
      connection.pragma('synchronous = NORMAL');
      connection.pragma('journal_size_limit = 16777216');
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#connection = connection;
    return connection;
  }
}

/** Opens the store for `file:<path>`. Throws UsageError for another URL, or where `better-sqlite3` is not installed. */
export async function openFileStore(url: string, clock: Clock): Promise<FileStore> {
  const file = fileOf(url);
  const { default: Driver } = await import('better-sqlite3').catch(notInstalled);
  return new FileStore(Driver, file, clock);
}

function fileOf(url: string): string {
  const path = url.slice('file:'.length);
  const file = path.startsWith('///') ? path.slice(2) : path;
  const isPath = file !== '' && !file.startsWith('//') && !/[?#]/.test(file) && file !== ':memory:';
  if (isPath) return file;
  throw new UsageError(
    `A cache in a file is set by 'file:<path>' or 'file:///<absolute path>', without options; got '${url}'.`,
  );
}

function notInstalled(cause: unknown): never {
  throw new UsageError("A cache in a file needs the package 'better-sqlite3': run npm install better-sqlite3.", {
    cause,
  });
}
