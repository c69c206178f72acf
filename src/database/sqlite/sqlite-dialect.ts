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
import type { Statement, StatementResult } from '../statement.js';
import type { SqliteDatabase } from './sqlite-driver.js';
import { retryWhileBusy } from './retry-while-busy.js';
import { convertSqliteError, isBusy } from './sqlite-errors.js';
import { FileFreshnessProbe } from './file-freshness-probe.js';
import { MemoryFreshnessProbe } from './memory-freshness-probe.js';
import type { ReadLock } from './read-lock.js';
import { SqliteHandle } from './sqlite-handle.js';
import { SqliteWriter } from './sqlite-writer.js';

/** How long knex's own SQL waits for a lock, and statements of the library without blocking the process. */
export interface SqliteDialectOptions {
  readonly busyTimeoutMs: number;
  /** True where the pragmas are ours to set. */
  readonly ownsConnections: boolean;
}

/** The connections of a database; those beside the pool's are there for a file only. */
export interface SqliteConnections {
  readonly writer: SqliteDatabase;
  readonly reader: SqliteDatabase | undefined;
  /** For a file in write-ahead mode. */
  readonly readLock: ReadLock | undefined;
}

/**
 * SQLite by better-sqlite3, which is synchronous. The pool has one connection, the writer. For a file there is a second
 * one, the reader, which never begins a transaction and never iterates: it always sees the newest commit. A third one
 * holds the read lock while there is much to read.
 */
export class SqliteDialect implements Dialect {
  readonly facts: DialectFacts = { name: 'sqlite', rowLocks: false, maxParameters: 32_766 };
  readonly probe: FreshnessProbe;
  readonly #options: SqliteDialectOptions;
  readonly #reader: SqliteHandle | undefined;
  readonly #writer: SqliteWriter;
  readonly #readLock: ReadLock | undefined;
  readonly #memoryProbe: MemoryFreshnessProbe | undefined;

  constructor({ writer, reader, readLock }: SqliteConnections, options: SqliteDialectOptions) {
    this.#options = options;
    this.#readLock = readLock;
    this.#writer = new SqliteWriter(writer);
    this.#reader = reader && new SqliteHandle(reader);
    if (this.#reader) {
      this.probe = new FileFreshnessProbe(this.#reader, this.#writer, readLock);
    } else {
      this.#memoryProbe = new MemoryFreshnessProbe(this.#writer);
      this.probe = this.#memoryProbe;
    }
  }

  executeDirect(statement: Statement): Awaitable<StatementResult> | undefined {
    if (this.#reader && !statement.writes) return this.#read(this.#reader, statement);
    if (!this.#writer.isIdle) return undefined;
    if (statement.writes) this.#readLock?.letCommit();
    try {
      return this.#writer.execute(statement);
    } catch (error) {
      if (isBusy(error)) return undefined;
      throw error;
    }
  }

  async execute(connection: DriverConnection, statement: Statement): Promise<StatementResult> {
    this.#writer.adopt(asDatabase(connection));
    if (statement.writes) this.#readLock?.letCommit();
    return retryWhileBusy(() => this.#writer.execute(statement), this.#options.busyTimeoutMs);
  }

  /** IMMEDIATE: the lock is taken here or not at all, and nobody else can commit while the transaction is open. */
  begin(): string {
    return 'BEGIN IMMEDIATE';
  }

  async commit(connection: DriverConnection): Promise<CommitAnswer> {
    this.#readLock?.letCommit();
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
    this.#readLock?.letCommit();
    this.#setBusyTimeout(connection, this.#options.busyTimeoutMs);
  }

  takeBack(connection: DriverConnection): void {
    if (!asDatabase(connection).open) return;
    this.#setBusyTimeout(connection, 0);
    if (connection === this.#writer.database) this.#memoryProbe?.lookForChangedTables();
  }

  convertError(error: unknown, context: ErrorContext): MoneyclipError {
    return convertSqliteError(error, context);
  }

  async close(): Promise<void> {
    this.#readLock?.close();
    this.#reader?.database.close();
  }

  #read(reader: SqliteHandle, statement: Statement): Awaitable<StatementResult> {
    try {
      return reader.execute(statement);
    } catch (error) {
      if (!isBusy(error)) throw error;
      return retryWhileBusy(() => reader.execute(statement), this.#options.busyTimeoutMs);
    }
  }

  #setBusyTimeout(connection: DriverConnection, timeoutMs: number): void {
    if (!this.#options.ownsConnections) return;
    try {
      asDatabase(connection).pragma(`busy_timeout = ${timeoutMs}`);
    } catch {
      // Somebody iterates on this connection, and nobody can write on it meanwhile.
    }
  }
}

function asDatabase(connection: DriverConnection): SqliteDatabase & { __knex__disposed?: unknown } {
  return connection as SqliteDatabase; // the pool of a knex client whose driverName is better-sqlite3 holds nothing else
}
