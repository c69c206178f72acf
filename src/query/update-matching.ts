import { DatabaseError, ValidationError } from '../errors.js';
import type { RowChange } from '../changes/change.js';
import { announce } from '../changes/change-log.js';
import { writeObserver, type WriteObserver } from '../changes/write-observer.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { Row } from '../schema/cell.js';
import { primaryKeyOf, type ColumnSchema, type ModelSchema } from '../schema/model-schema.js';
import type { QueryState } from '../schema/query-state.js';
import { valueOf } from '../schema/values.js';
import { assignmentsFor } from './assignments.js';
import { issueOfResult, needsLook } from './expression-sql.js';
import { updateManySql, updateMatchingSql } from './matching-sql.js';
import { atMost, lockRows } from './lock-rows.js';
import { changesOf, mostRowChanges } from './row-changes.js';
import { partOfTransaction, runAlone } from './run-write.js';
import { tableSql } from './table-sql.js';
import { updateByKeys, type Assignment } from './write-sql.js';

interface Update {
  readonly connection: DatabaseConnection;
  readonly state: QueryState;
  readonly assignments: readonly Assignment[];
}

/**
 * Updates all rows of a query, all or none. The old values come from the database, under its row locks: PostgreSQL
 * answers them with the update itself, and on SQLite nobody writes between the two statements.
 */
export async function updateMatching(
  connection: DatabaseConnection,
  state: QueryState,
  values: object,
): Promise<number> {
  const { model } = state;
  const update = { connection, state, assignments: assignmentsFor(model, values) };
  const observer = writeObserver(connection, model);
  if (observer || looked(update).length > 0) return connection.transaction(() => updateSeen(update, observer));
  if (connection.facts.rowLocks) return partOfTransaction(connection, () => updateAtOnce(update));
  return connection.transaction(() => updateInSteps(update));
}

/** Every row is read before and after, however many there are: somebody wants to see them. */
async function updateSeen(update: Update, observer: WriteObserver | undefined): Promise<number> {
  const { connection, state } = update;
  const before = await lockRows(connection, state);
  if (before.length === 0) return 0;
  await observer?.before(state.model, before);
  const after = await updateRead(update, before);
  assertResults(state.model, looked(update), after);
  await observer?.after(state.model, after);
  await announce(connection, changesOf(state.model, before, after));
  return after.length;
}

async function updateAtOnce({ connection, state, assignments }: Update): Promise<number> {
  const { model } = state;
  const statement = updateMatchingSql(state, assignments, mostRowChanges);
  const { rows } = await runComputed(model, assignments, () => runAlone(connection, model, statement));
  const { toRow } = tableSql(model, connection.facts.name);
  const width = model.columns.length;
  const changes = rows.map((raw): RowChange => ({
    kind: 'row',
    model,
    before: toRow(raw.slice(1, 1 + width)),
    after: toRow(raw.slice(1 + width)),
  }));
  const count = Number(rows[0]?.[0] ?? 0);
  await announce(connection, count > changes.length ? [{ kind: 'table', model }] : changes);
  return count;
}

async function updateInSteps(update: Update): Promise<number> {
  const { connection, state, assignments } = update;
  const { model } = state;
  const before = await lockRows(connection, atMost(state, mostRowChanges + 1));
  if (before.length === 0) return 0;
  if (before.length <= mostRowChanges) {
    const after = await updateRead(update, before);
    await announce(connection, changesOf(model, before, after));
    return after.length;
  }
  const { changes } = await runComputed(model, assignments, () => connection.run(updateManySql(state, assignments)));
  await announce(connection, [{ kind: 'table', model }]);
  return changes;
}

async function updateRead({ connection, state, assignments }: Update, before: readonly Row[]): Promise<Row[]> {
  const { model } = state;
  const keys = before.map((row) => primaryKeyOf(model, row));
  const statement = updateByKeys(model, keys, assignments, connection.facts.name);
  const { rows } = await runComputed(model, assignments, () => connection.run(statement));
  return rows.map(tableSql(model, connection.facts.name).toRow);
}

/** The computed columns whose results have to be looked at once they are stored. */
function looked({ assignments }: Update): ColumnSchema[] {
  return assignments.flatMap((one) => ('term' in one && needsLook(one.column) ? [one.column] : []));
}

function assertResults(model: ModelSchema, columns: readonly ColumnSchema[], rows: readonly Row[]): void {
  for (const column of columns) {
    for (const row of rows) {
      const message = issueOfResult(model, column, valueOf(column, row[column.position] ?? null));
      if (message !== undefined) throw new ValidationError(model.label, [{ property: column.property, message }]);
    }
  }
}

/** Runs an update; a result that its column does not hold becomes a ValidationError. */
async function runComputed<T>(
  model: ModelSchema,
  assignments: readonly Assignment[],
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const computed = assignments.filter((one) => 'term' in one);
    if (!(error instanceof DatabaseError) || error.code !== 'OUT_OF_RANGE' || computed.length === 0) throw error;
    const issues = computed.map(({ column }) => ({
      property: column.property,
      message: 'would get a result that its type does not hold',
    }));
    throw new ValidationError(model.label, issues, { cause: error });
  }
}
