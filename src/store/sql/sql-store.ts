import { AsyncLocalStorage } from 'node:async_hooks';
import createKnex, { type Knex } from 'knex';
import { UsageError } from '../../errors.js';
import type { Awaitable } from '../../support/awaitable.js';
import { systemClock, type Clock } from '../../support/clock.js';
import type { CacheStore, CacheWrite, ListPage } from '../cache-store.js';
import type { CacheDialect } from './cache-dialect.js';
import { CacheTable } from './cache-table.js';
import { PostgresCacheDialect } from './postgres-cache-dialect.js';
import { SqliteCacheDialect } from './sqlite-cache-dialect.js';

/** Which database and which table a {@link SqlStore} keeps its texts in. */
export interface SqlStoreOptions {
  /** A knex instance of PostgreSQL (`pg`) or SQLite (`better-sqlite3`). */
  readonly knex: Knex;
  /** Default `moneyclip_cache`; `schema.table` is possible. It is made where it is missing. */
  readonly table?: string | undefined;
  /** True: `close()` destroys the instance. Default false: it belongs to the caller. */
  readonly ownsKnex?: boolean | undefined;
  /** Where time comes from on SQLite; PostgreSQL has its own. */
  readonly clock?: Clock | undefined;
}

/** What is used of a knex client. knex publishes no type for it. */
interface CacheClient {
  readonly driverName: string;
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
}

const defaultTable = 'moneyclip_cache';
const connectTimeoutMs = 2_000;

/**
 * Keeps texts in a table of PostgreSQL or SQLite, for any number of processes. Each operation is one statement, in a
 * transaction of its own; none ever joins a transaction of the caller.
 *
 * Throws UsageError for a knex instance of another database, or a name that no table has.
 */
export class SqlStore implements CacheStore {
  readonly name = 'sql';
  readonly #knex: Knex;
  readonly #ownsKnex: boolean;
  readonly #table: CacheTable<unknown>;

  constructor({ knex, table = defaultTable, ownsKnex = false, clock = systemClock }: SqlStoreOptions) {
    const client = clientOf(knex);
    this.#knex = knex;
    this.#ownsKnex = ownsKnex;
    const outside = AsyncLocalStorage.snapshot();
    this.#table = new CacheTable(dialectFor(client, quoted(table), clock), (work) =>
      outside(() => withConnection(client, work)),
    );
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
    if (this.#ownsKnex) await this.#knex.destroy();
  }
}

/** Opens the store for `postgres://…`, in the table `moneyclip_cache`. Throws UsageError where `pg` is not installed. */
export function openPostgresStore(url: string): SqlStore {
  if (!URL.canParse(url.replace('@/', '@localhost/'))) {
    throw new UsageError(
      "A cache in PostgreSQL needs a URL such as 'postgres://user:password@localhost:5432/cache', with @ : / ? # % in a password written as %40 %3A %2F %3F %23 %25; this is not one.",
    );
  }
  const connection = { connectionString: url, keepAlive: true, connectionTimeoutMillis: connectTimeoutMs };
  try {
    const knex = createKnex({
      client: 'pg',
      connection,
      pool: { min: 0, max: 5 },
      acquireConnectionTimeout: connectTimeoutMs,
      log: { warn() {}, error() {}, deprecate() {}, debug() {} }, // what fails is told by the operation that failed
    });
    return new SqlStore({ knex, ownsKnex: true });
  } catch (cause) {
    throw new UsageError("A cache in PostgreSQL needs the package 'pg': run npm install pg.", { cause });
  }
}

async function withConnection<T>(client: CacheClient, work: (connection: unknown) => Awaitable<T>): Promise<T> {
  const connection = await client.acquireConnection();
  try {
    return await work(connection);
  } finally {
    await client.releaseConnection(connection);
  }
}

function dialectFor({ driverName }: CacheClient, table: string, clock: Clock): CacheDialect<unknown> {
  // Each takes connections of its own driver only, and the pool of a client whose driverName is this holds nothing else.
  if (driverName === 'pg') return new PostgresCacheDialect(table);
  if (driverName === 'better-sqlite3') return new SqliteCacheDialect(table, clock);
  throw new UsageError(`A SqlStore needs a knex instance of the client 'pg' or 'better-sqlite3'; got '${driverName}'.`);
}

function clientOf(knex: unknown): CacheClient {
  const client: unknown = typeof knex === 'function' ? Reflect.get(knex, 'client') : undefined;
  if (typeof client === 'object' && client !== null && 'acquireConnection' in client) return client as CacheClient; // it is one
  throw new UsageError('A SqlStore needs a knex instance, made with knex({ client, connection }).');
}

function quoted(table: string): string {
  const parts = typeof table === 'string' ? table.split('.') : [];
  const isName = parts.length > 0 && parts.length <= 2 && parts.every(isNamePart);
  if (isName) return parts.map((part) => `"${part}"`).join('.');
  throw new UsageError("The table of a SqlStore must be a name such as 'moneyclip_cache' or 'cache.entries'.");
}

function isNamePart(part: string): boolean {
  return part !== '' && !part.includes('\0') && !part.includes('"');
}
