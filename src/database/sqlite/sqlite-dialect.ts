import type { Knex } from 'knex';
import type { MoneyclipError } from '../../errors.js';
import type { Awaitable } from '../../support/awaitable.js';
import type {
  CommitAnswer,
  Dialect,
  DialectFacts,
  DriverConnection,
  ErrorContext,
  FreshnessProbe,
} from '../dialect.js';
import { clientOf, type KnexClient } from '../knex-client.js';
import type { Statement, StatementResult } from '../statement.js';
import type { SqliteDatabase, SqliteDriver } from './sqlite-driver.js';
import { convertSqliteError, isBusy } from './sqlite-errors.js';
import { SqliteHandle } from './sqlite-handle.js';

/** How long knex's own SQL waits for a lock, and statements of the library without blocking the process. */
export interface SqliteDialectOptions {
  readonly busyTimeoutMs: number;
  /** True where the pragmas are ours to set. */
  readonly ownsConnections: boolean;
}

/**
 * SQLite by better-sqlite3, which is synchronous. The pool has one connection, the writer. For a file there is a second
 * one, the reader, which never begins a transaction and never iterates: it always sees the newest commit.
 */
export class SqliteDialect implements Dialect {
  readonly facts: DialectFacts = { name: 'sqlite', rowLocks: false, maxParameters: 32_766 };
  readonly probe: FreshnessProbe | undefined;
  readonly #options: SqliteDialectOptions;
  readonly #discarded = new WeakSet<object>();
  readonly #reader: SqliteHandle | undefined;
  #writer: SqliteHandle;

  constructor(writer: SqliteDatabase, reader: SqliteDatabase | undefined, options: SqliteDialectOptions) {
    this.#options = options;
    this.#writer = new SqliteHandle(writer);
    this.#reader = reader && new SqliteHandle(reader);
  }

  executeDirect(statement: Statement): Awaitable<StatementResult> | undefined {
    const handle = this.#reader && !statement.writes ? this.#reader : this.#idleWriter();
    if (!handle) return undefined;
    try {
      return handle.execute(statement);
    } catch (error) {
      if (!isBusy(error)) throw error;
      return handle === this.#reader ? this.#retry(() => handle.execute(statement)) : undefined;
    }
  }

  async execute(connection: DriverConnection, statement: Statement): Promise<StatementResult> {
    const handle = this.#handleOf(connection);
    try {
      return handle.execute(statement);
    } catch (error) {
      if (!isBusy(error)) throw error;
      return this.#retry(() => handle.execute(statement));
    }
  }

  /** IMMEDIATE: the lock is taken here or not at all, and nobody else can commit while the transaction is open. */
  begin(): string {
    return 'BEGIN IMMEDIATE';
  }

  async commit(connection: DriverConnection): Promise<CommitAnswer> {
    await this.execute(connection, { text: 'COMMIT', parameters: [], prepare: true });
    return 'committed';
  }

  inTransaction(connection: DriverConnection): boolean {
    return asDatabase(connection).inTransaction;
  }

  isLost(connection: DriverConnection): boolean {
    return !asDatabase(connection).open;
  }

  discard(connection: DriverConnection): void {
    asDatabase(connection).__knex__disposed = 'discarded by moneyclip';
  }

  lend(connection: DriverConnection): void {
    this.#setBusyTimeout(connection, this.#options.busyTimeoutMs);
  }

  takeBack(connection: DriverConnection): void {
    this.#setBusyTimeout(connection, 0);
  }

  convertError(error: unknown, context: ErrorContext): MoneyclipError {
    return convertSqliteError(error, context);
  }

  async close(): Promise<void> {
    this.#reader?.database.close();
  }

  /** The writer while no transaction is open on it: a statement then stands alone, and being synchronous nothing can come between. */
  #idleWriter(): SqliteHandle | undefined {
    const { database } = this.#writer;
    return database.open && !database.inTransaction ? this.#writer : undefined;
  }

  #handleOf(connection: DriverConnection): SqliteHandle {
    if (connection !== this.#writer.database) this.#writer = new SqliteHandle(asDatabase(connection));
    return this.#writer;
  }

  /** Waits for a lock without blocking the process: its holder may be this very process. */
  async #retry(attempt: () => StatementResult): Promise<StatementResult> {
    const deadline = performance.now() + this.#options.busyTimeoutMs;
    for (let delayMs = 1; ; delayMs = Math.min(delayMs * 2, 25)) {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) throw error;
      }
    }
  }

  #setBusyTimeout(connection: DriverConnection, timeoutMs: number): void {
    if (this.#options.ownsConnections) asDatabase(connection).pragma(`busy_timeout = ${timeoutMs}`);
  }
}

/** Recognises the database behind a knex instance and opens the reader beside its connection. */
export async function createSqliteDialect(knex: Knex, options: SqliteDialectOptions): Promise<SqliteDialect> {
  const client = clientOf(knex);
  const connection = await client.acquireConnection();
  try {
    const writer = asDatabase(connection);
    return new SqliteDialect(writer, await openReader(client, writer), options);
  } finally {
    await client.releaseConnection(connection);
  }
}

async function openReader(client: KnexClient, writer: SqliteDatabase): Promise<SqliteDatabase | undefined> {
  const file = fileOf(writer);
  if (file === '') return undefined;
  const Driver = client.driver as SqliteDriver; // knex loaded it for a client whose driverName is better-sqlite3
  const reader = new Driver(file, { timeout: 0 });
  reader.pragma('query_only = ON');
  return reader;
}

/** The path of the main database; empty for a database in memory. */
function fileOf(database: SqliteDatabase): string {
  const list = database.pragma('database_list') as { name: string; file: string }[]; // the pragma's columns
  return list.find((entry) => entry.name === 'main')?.file ?? '';
}

function asDatabase(connection: DriverConnection): SqliteDatabase & { __knex__disposed?: unknown } {
  return connection as SqliteDatabase; // the pool of a knex client whose driverName is better-sqlite3 holds nothing else
}
