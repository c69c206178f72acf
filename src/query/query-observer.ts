import type { DatabaseConnection } from '../database/database-connection.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';
import type { ColumnPath, QueryState, ReadOperation } from '../schema/query-state.js';
import type { Source } from './watched-rows.js';

/** A read that is about to run. */
export interface ObservedQuery {
  readonly state: QueryState;
  readonly operation: ReadOperation;
  /** The columns whose values the answer shows: all of them for whole rows, none for `count` and `exists`. */
  readonly shown: readonly ColumnPath[];
  /** What tells this read from every other of the model; the same for the same question. */
  identity(): string;
}

/** A read by SQL of the user's, which does not tell what it reads. */
export interface RawRead {
  readonly model: ModelSchema;
  /** What its rows are said to depend on. */
  readonly watch: readonly Source[];
}

/** A read of one row by its key that a policy may send through the cache. */
export type RowOperation = 'reference';

/** The rows with these primary keys, in their order; undefined where there is none. */
export type RowReader = (model: ModelSchema, keys: readonly Cell[]) => Promise<readonly (Row | undefined)[]>;

/** Stands around every read of a query set, so that somebody above can note what was read, or answer it. */
export interface QueryObserver {
  /** Answers a read, by `run` or in its place. Every kind of read answers rows of cells, which JSON keeps exactly. */
  around(query: ObservedQuery, run: () => Promise<readonly Row[]>): Promise<readonly Row[]>;
  /** Stands around a read by SQL of the user's, which is never answered in the database's place. */
  aroundRaw(read: RawRead, run: () => Promise<readonly Row[]>): Promise<readonly Row[]>;
  /** Answers a read by primary key in the database's place; undefined where the database is to be asked. */
  answer(model: ModelSchema, key: Cell, operation: RowOperation): Promise<Row | undefined> | undefined;
  /**
   * Reads the rows that a query's `related` names, where each is to be accounted for by itself: what is tracked or
   * cached. Undefined where they may be joined to the query.
   */
  relatedReader(state: QueryState): RowReader | undefined;
}

const observers = new WeakMap<DatabaseConnection, QueryObserver>();

/** Sets who stands around the reads of a connection. */
export function observeQueries(connection: DatabaseConnection, observer: QueryObserver): void {
  observers.set(connection, observer);
}

/** Runs a read with whoever observes the connection around it. */
export function observed(
  connection: DatabaseConnection,
  query: ObservedQuery,
  run: () => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const observer = observers.get(connection);
  return observer ? observer.around(query, run) : run();
}

/** Runs a read by SQL of the user's with whoever observes the connection around it. */
export function observedRaw(
  connection: DatabaseConnection,
  read: RawRead,
  run: () => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const observer = observers.get(connection);
  return observer ? observer.aroundRaw(read, run) : run();
}

/** The row with this key as whoever observes the connection answers it; undefined where the database is to be asked. */
export function answeredRow(
  connection: DatabaseConnection,
  model: ModelSchema,
  { key, operation }: { readonly key: Cell; readonly operation: RowOperation },
): Promise<Row | undefined> | undefined {
  return observers.get(connection)?.answer(model, key, operation);
}

/** How whoever observes the connection reads the rows that `related` names; undefined where a join may. */
export function relatedReader(connection: DatabaseConnection, state: QueryState): RowReader | undefined {
  return observers.get(connection)?.relatedReader(state);
}
