import type { DialectName } from '../schema/column-type.js';
import type { MoneyclipError } from '../errors.js';
import type { Awaitable } from '../support/awaitable.js';
import type { Statement, StatementResult } from './statement.js';

/** A connection of the driver, as knex's pool hands it out. Only the dialect looks inside. */
export type DriverConnection = unknown;

/** What a dialect can do; code asks for an ability, never for a name. */
export interface DialectFacts {
  readonly name: DialectName;
  /** `SELECT … FOR UPDATE` exists. */
  readonly rowLocks: boolean;
  /** The largest number of parameters in one statement. */
  readonly maxParameters: number;
}

/** The isolation levels of `transaction(fn, { isolation })`. */
export type Isolation = 'read committed' | 'repeatable read' | 'serializable';

/**
 * Tells whether anybody else may have written: another process, or SQL that did not go through this library.
 * Asked before every hit where the database can answer without I/O over a network (SQLite).
 */
export interface FreshnessProbe {
  /** True if changes that this library did not make may have been committed since the last call. Never waits. */
  changedElsewhere(): boolean;
  /**
   * True if anybody committed since the last call of this, the library too. Never waits. For whoever reads what was
   * written in a log; of a database in memory it says what `changedElsewhere` does.
   */
  moved(): boolean;
  /** Reads what is committed, at once, where `changedElsewhere` looks. Throws where that is not possible now. */
  read(text: string, parameters: readonly unknown[]): unknown[][];
  /** A number that is another one whenever tables, indexes or triggers have changed. Throws like `read`. */
  schemaVersion(): number;
  /** Notes from now on which rows of a log the library's own statements cause; of no table where there is none. */
  noteOwnRows(table: string | undefined): void;
  /**
   * Whether a row of that log was caused by a statement of the library that changed exactly the rows that are logged,
   * so that the library itself tells what it did. `token` is a text of the row that never recurs.
   */
  isOwnRow(token: string): boolean;
  /** Lets go of what was noted up to now, where all of it has been asked for. */
  forgetOwnRows(): void;
}

/** What was going on when the driver threw. */
export interface ErrorContext {
  readonly statement: Statement | undefined;
  /** True where the statement may have been committed although no answer came: a COMMIT, or a write outside a transaction. */
  readonly mayHaveCommitted: boolean;
}

/** What became of a COMMIT that was answered. */
export type CommitAnswer = 'committed' | 'rolled back';

/** One kind of database: everything that differs between SQLite and PostgreSQL when statements run. */
export interface Dialect {
  readonly facts: DialectFacts;
  readonly probe: FreshnessProbe | undefined;
  /**
   * Runs one statement outside any transaction and without a connection of the pool, where the database allows that
   * right now; undefined where a connection is needed. Reads never see a snapshot that is older than the call.
   */
  executeDirect(statement: Statement): Awaitable<StatementResult> | undefined;
  /** Runs one statement on a connection of the pool. Never throws: it rejects, with driver errors as they are. */
  execute(connection: DriverConnection, statement: Statement): Promise<StatementResult>;
  /** The statement that opens a transaction. */
  begin(isolation: Isolation | undefined): string;
  /** Sends COMMIT; a server that had given the transaction up answers it by rolling back. */
  commit(connection: DriverConnection): Promise<CommitAnswer>;
  /** False where the database has ended the transaction by itself, so that the next statement would stand alone. */
  inTransaction(connection: DriverConnection): boolean;
  /** True once nothing more can be sent: the server went away, or an answer is overdue. */
  isLost(connection: DriverConnection): boolean;
  /** Marks a connection so that the pool throws it away instead of handing it out again. */
  discard(connection: DriverConnection): void;
  /** Called before SQL that is not the library's (knex) gets a connection outside our transactions. */
  lend(connection: DriverConnection): void;
  /** Called when it gives the connection back. */
  takeBack(connection: DriverConnection): Awaitable<void>;
  /** The typed error for what the driver threw. */
  convertError(error: unknown, context: ErrorContext): MoneyclipError;
  close(): Promise<void>;
}
