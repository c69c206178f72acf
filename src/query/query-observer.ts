import type { DatabaseConnection } from '../database/database-connection.js';
import type { Condition } from '../schema/condition.js';
import type { ModelSchema } from '../schema/model-schema.js';

/** A read that is about to run. */
export interface ObservedQuery {
  readonly model: ModelSchema;
  readonly condition: Condition | undefined;
}

/** Stands around every read of a query set, so that somebody above can note what was read. */
export interface QueryObserver {
  around<T>(query: ObservedQuery, run: () => Promise<T>): Promise<T>;
}

const observers = new WeakMap<DatabaseConnection, QueryObserver>();

/** Sets who stands around the reads of a connection. */
export function observeQueries(connection: DatabaseConnection, observer: QueryObserver): void {
  observers.set(connection, observer);
}

/** Runs a read with whoever observes the connection around it. */
export function observed<T>(connection: DatabaseConnection, query: ObservedQuery, run: () => Promise<T>): Promise<T> {
  const observer = observers.get(connection);
  return observer ? observer.around(query, run) : run();
}
