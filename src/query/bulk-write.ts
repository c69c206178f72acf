import { cascadedModels } from '../changes/cascade.js';
import type { Change } from '../changes/change.js';
import { announce } from '../changes/change-log.js';
import { writeObserver } from '../changes/write-observer.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { Row } from '../schema/cell.js';
import { primaryKeyOf, type ModelSchema } from '../schema/model-schema.js';
import { assignmentsFor } from './assignments.js';
import type { QueryState } from '../schema/query-state.js';
import { selectRows } from './select-sql.js';
import { tableSql } from './table-sql.js';
import { deleteByKeys, updateByKeys } from './write-sql.js';

/** Above so many rows a write says only that the table changed. */
export const mostRowChanges = 500;

/** Updates all rows of a query in one transaction. The old values come from the database, under its row locks. */
export async function updateMatching(
  connection: DatabaseConnection,
  state: QueryState,
  values: object,
): Promise<number> {
  const { model } = state;
  const assignments = assignmentsFor(model, values);
  return connection.transaction(async () => {
    const before = await lockRows(connection, state);
    if (before.length === 0) return 0;
    const observer = writeObserver(connection, model);
    await observer?.before(model, before);
    const statement = updateByKeys(
      model,
      before.map((row) => primaryKeyOf(model, row)),
      assignments,
      connection.facts.name,
    );
    const after = await rowsOf(connection, model, statement);
    await observer?.after(model, after);
    await announce(connection, changesOf(model, before, after));
    return after.length;
  });
}

/** Deletes all rows of a query in one transaction. */
export async function deleteMatching(connection: DatabaseConnection, state: QueryState): Promise<number> {
  const { model } = state;
  return connection.transaction(async () => {
    const before = await lockRows(connection, state);
    if (before.length === 0) return 0;
    await writeObserver(connection, model)?.before(model, before);
    const keys = before.map((row) => primaryKeyOf(model, row));
    await connection.run(deleteByKeys(model, keys, connection.facts.name));
    await announce(connection, [...changesOf(model, before, []), ...cascadedModels(model)]);
    return before.length;
  });
}

async function lockRows(connection: DatabaseConnection, state: QueryState): Promise<Row[]> {
  const { toRow } = tableSql(state.model, connection.facts.name);
  const { rows } = await connection.run(selectRows(state, connection.facts.name, true));
  return rows.map(toRow);
}

async function rowsOf(
  connection: DatabaseConnection,
  model: ModelSchema,
  statement: Parameters<DatabaseConnection['run']>[0],
): Promise<Row[]> {
  const { toRow } = tableSql(model, connection.facts.name);
  const { rows } = await connection.run(statement);
  return rows.map(toRow);
}

/** One change for each row, paired by primary key; one for the table where there are too many. */
function changesOf(model: ModelSchema, before: readonly Row[], after: readonly Row[]): Change[] {
  if (Math.max(before.length, after.length) > mostRowChanges) return [{ kind: 'table', model }];
  const afterByKey = new Map(after.map((row) => [primaryKeyOf(model, row), row]));
  const changes: Change[] = before.map((row) => {
    const key = primaryKeyOf(model, row);
    const now = afterByKey.get(key);
    afterByKey.delete(key);
    return { kind: 'row', model, before: row, after: now };
  });
  for (const row of afterByKey.values()) changes.push({ kind: 'row', model, before: undefined, after: row });
  return changes;
}
