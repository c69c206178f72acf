import type { DatabaseConnection } from '../database/database-connection.js';
import type { Row } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';

/**
 * Wants to see whole rows around a write, inside its transaction: as they were, before it is carried out, and as they
 * are. Writes to models that nobody watches need neither a transaction nor a read.
 */
export interface WriteObserver {
  watches(model: ModelSchema): boolean;
  /** Called before the write with the rows it will touch; none for an insert. */
  before(model: ModelSchema, rows: readonly Row[]): Promise<void>;
  /** Called after the write with the rows as they are; none for a delete. */
  after(model: ModelSchema, rows: readonly Row[]): Promise<void>;
}

const observers = new WeakMap<DatabaseConnection, WriteObserver>();

/** Sets who watches the writes of a connection. */
export function observeWrites(connection: DatabaseConnection, observer: WriteObserver): void {
  observers.set(connection, observer);
}

/** Who watches writes to this model on this connection, if anybody does. */
export function writeObserver(connection: DatabaseConnection, model: ModelSchema): WriteObserver | undefined {
  const observer = observers.get(connection);
  return observer?.watches(model) ? observer : undefined;
}
