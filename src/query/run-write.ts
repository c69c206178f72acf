import { ConnectionError } from '../errors.js';
import { announce } from '../changes/change-log.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { Statement, StatementResult } from '../database/statement.js';
import type { ModelSchema } from '../schema/model-schema.js';

/** Runs work of several steps as a part of the open transaction, if there is one. */
export function partOfTransaction<T>(connection: DatabaseConnection, work: () => Promise<T>): Promise<T> {
  return connection.currentTransaction()?.include(work) ?? work();
}

/** Runs a statement that writes. Where it stands alone and its outcome is not known, the whole table counts as changed. */
export async function runAlone(
  connection: DatabaseConnection,
  model: ModelSchema,
  statement: Statement,
): Promise<StatementResult> {
  try {
    return await connection.run(statement);
  } catch (error) {
    if (error instanceof ConnectionError && !connection.currentTransaction()) {
      await announce(connection, [{ kind: 'table', model }]);
    }
    throw error;
  }
}
