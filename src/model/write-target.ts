import { ConnectionError, UsageError } from '../errors.js';
import { announce } from '../changes/change-log.js';
import { writeObserver } from '../changes/write-observer.js';
import { connectionNamed } from '../database/connections.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { Statement } from '../database/statement.js';
import { tableSql } from '../query/table-sql.js';
import type { Row } from '../schema/cell.js';
import type { HookMoment, ModelClassLike } from '../schema/declaration.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { schemaOf } from '../schema/schema-of.js';
import { hooksOf } from './hooks.js';
import type { RecordState } from './record-state.js';
import { stateOf } from './state-of.js';
import { undoOnRollback } from './undo-on-rollback.js';

/** An instance that is being written, with everything that a write needs to know about it. */
export interface WriteTarget {
  readonly instance: object;
  readonly schema: ModelSchema;
  readonly state: RecordState;
  readonly connection: DatabaseConnection;
}

export function writeTarget(instance: object): WriteTarget {
  const schema = schemaOf(instance.constructor as ModelClassLike); // every model instance was made by its class
  if (schema.isPairs) {
    throw new UsageError(`${schema.label}: a link is no row of its own; use add() and remove() of what it links`);
  }
  return { instance, schema, state: stateOf(instance), connection: connectionNamed(schema.connection, schema.label) };
}

/**
 * Runs a write in a transaction, or a savepoint of the open one, where something besides the one statement belongs to
 * it: hooks, somebody who watches, or somebody who is asked before the COMMIT of a write alone.
 */
export function runWrite<T>(target: WriteTarget, moments: readonly HookMoment[], write: () => Promise<T>): Promise<T> {
  const { connection, schema, instance } = target;
  const alone =
    !connection.wantsTransaction &&
    !writeObserver(connection, schema) &&
    moments.every((moment) => hooksOf(instance, moment).length === 0);
  if (!alone) return connection.transaction(write);
  return connection.currentTransaction()?.include(write) ?? write();
}

type StatementTarget = Pick<WriteTarget, 'connection' | 'schema'>;

/** Runs a statement that writes, and answers the rows it returns. If it is not known what it did, the whole table counts as changed. */
export function runStatement(target: StatementTarget, statement: Statement): Promise<Row[]> {
  const { toRow } = tableSql(target.schema, target.connection.facts.name);
  return runStatementFor(target, statement, (rows) => rows.map(toRow));
}

/** The same, and answers what `use` makes of the rows as the driver read them. */
export function runStatementFor<T>(
  { connection, schema }: StatementTarget,
  statement: Statement,
  use: (rows: readonly (readonly unknown[])[]) => T,
): Promise<T> {
  const failed = async (error: unknown): Promise<never> => {
    await announce(connection, [{ kind: 'table', model: schema }]);
    throw error;
  };
  return connection.run(statement).then(
    ({ rows }): T | Promise<never> => {
      try {
        return use(rows);
      } catch (error) {
        return failed(error); // what it wrote cannot be read
      }
    },
    (error: unknown) => {
      if (error instanceof ConnectionError && !connection.currentTransaction()) return failed(error);
      throw error;
    },
  );
}

/**
 * Takes over the row as it is in the database now, and the properties that the database gave other values than the
 * instance said (`filled`). A rollback brings the earlier state back.
 */
export function adoptRow(
  { connection, instance, state }: WriteTarget,
  row: Row | undefined,
  filled: ReadonlyMap<string, unknown>,
): void {
  undoOnRollback(connection, instance, filled);
  for (const [name, value] of filled) Reflect.set(instance, name, value);
  state.loaded = undefined;
  if (row) state.row = row;
  else state.deleted = true;
}
