import type { Knex } from 'knex';
import type { DialectName } from '../schema/column-type.js';
import type { MoneyclipError } from '../errors.js';
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
}

/** One kind of database: everything that differs between SQLite and PostgreSQL when statements run. */
export interface Dialect {
  readonly facts: DialectFacts;
  /** Runs one statement on a connection of the pool. Driver errors come out as they are. */
  execute(connection: DriverConnection, statement: Statement): Promise<StatementResult>;
  /** Reads outside any transaction on a connection of its own that never holds a snapshot, where there is one; else undefined. */
  readonly reader: ((statement: Statement) => StatementResult) | undefined;
  readonly probe: FreshnessProbe | undefined;
  /** The statement that opens a transaction. */
  begin(isolation: Isolation | undefined): string;
  /** Called right after a COMMIT (or an autocommitted write) of this library, in the same tick. */
  committed(): void;
  /** The typed error for what the driver threw. */
  convertError(error: unknown, statement: Statement | undefined): MoneyclipError;
  /** Marks a connection so that the pool throws it away instead of handing it out again. */
  discard(connection: DriverConnection): void;
  close(): Promise<void>;
}

/** Makes a dialect for a knex instance whose client it recognises. */
export type DialectFactory = (knex: Knex) => Dialect | Promise<Dialect>;
