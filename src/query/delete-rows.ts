import { ForeignKeyViolationError } from '../errors.js';
import { cascadedModels, referencesTo, type PointingReference } from '../changes/cascade.js';
import type { Change } from '../changes/change.js';
import { announce } from '../changes/change-log.js';
import { writeObserver } from '../changes/write-observer.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { Row } from '../schema/cell.js';
import type { Comparison } from '../schema/condition.js';
import { primaryKeyOf, type ModelSchema } from '../schema/model-schema.js';
import type { QueryState } from '../schema/query-state.js';
import { CascadedRows, reachesWatched, touchesOthers } from './cascaded-rows.js';
import { atMost, lockRows } from './lock-rows.js';
import { deleteManySql, deleteMatchingSql } from './matching-sql.js';
import { changesOf, mostRowChanges } from './row-changes.js';
import { partOfTransaction, runAlone } from './run-write.js';
import { tableSql } from './table-sql.js';
import { deleteByKeys } from './write-sql.js';

/** Deletes all rows of a query, all or none, and announces them with what foreign keys delete and change along with them. */
export async function deleteMatching(connection: DatabaseConnection, state: QueryState): Promise<number> {
  const { model } = state;
  if (isSeen(connection, model) || touchesOthers(model)) {
    return connection.transaction(() => deleteSeen(connection, state));
  }
  return partOfTransaction(connection, () => deleteAtOnce(connection, state));
}

/** Whether somebody wants to see all rows that a delete touches. */
function isSeen(connection: DatabaseConnection, model: ModelSchema): boolean {
  return writeObserver(connection, model) !== undefined || reachesWatched(connection, model);
}

async function deleteSeen(connection: DatabaseConnection, state: QueryState): Promise<number> {
  const { model } = state;
  const seen = isSeen(connection, model);
  const rows = await lockRows(connection, seen ? state : atMost(state, mostRowChanges + 1));
  if (rows.length === 0) return 0;
  if (!seen && rows.length > mostRowChanges) return deleteAtOnce(connection, state);
  const { deleted, changes } = await deleteLocked(connection, { model, rows });
  await announce(connection, changes);
  return deleted.length;
}

/** One statement that answers what it deleted; PostgreSQL answers no more rows than are told one by one. */
async function deleteAtOnce(connection: DatabaseConnection, state: QueryState): Promise<number> {
  const { model } = state;
  const { rowLocks, name } = connection.facts;
  const { toRow } = tableSql(model, name);
  const statement = rowLocks ? deleteMatchingSql(state, mostRowChanges) : deleteManySql(state);
  const { rows } = await explained(model, () => runAlone(connection, model, statement));
  const before = rowLocks ? rows.map((raw) => toRow(raw.slice(1))) : rows.map(toRow);
  const count = rowLocks ? Number(rows[0]?.[0] ?? 0) : rows.length;
  if (count === 0) return 0;
  const many = count > mostRowChanges;
  await announce(
    connection,
    many ? [{ kind: 'table', model }, ...cascadedModels(model)] : changesOf(model, before, []),
  );
  return count;
}

export interface LockedRows {
  readonly model: ModelSchema;
  /** As they are under their locks. */
  readonly rows: readonly Row[];
  /** What must hold besides, such as a version. */
  readonly also?: Comparison | undefined;
}

/**
 * Deletes rows that the open transaction has locked, shows all that goes and changes to who watches it, and answers
 * what was deleted and what is to be announced.
 */
export async function deleteLocked(
  connection: DatabaseConnection,
  { model, rows, also }: LockedRows,
): Promise<{ readonly deleted: readonly Row[]; readonly changes: readonly Change[] }> {
  const cascaded = await CascadedRows.read(connection, { model, rows, most: mostRowChanges - rows.length });
  await writeObserver(connection, model)?.before(model, rows);
  await cascaded.showBefore();
  const keys = rows.map((row) => primaryKeyOf(model, row));
  const statement = deleteByKeys(model, keys, connection.facts.name, also);
  const result = await explained(model, () => connection.run(statement));
  const deleted = result.rows.map(tableSql(model, connection.facts.name).toRow);
  if (deleted.length === 0) return { deleted, changes: [] };
  await cascaded.showAfter();
  return { deleted, changes: [...changesOf(model, deleted, []), ...cascaded.changes] };
}

/** Runs a delete. Where a foreign key forbids it, the error says which models have rows that are in the way. */
export async function explained<T>(model: ModelSchema, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ForeignKeyViolationError)) throw error;
    const forbidding = restrictingOn(model);
    const named = forbidding.filter((reference) => reference.model.table === error.table);
    const [first] = forbidding;
    if (!first) throw error;
    const places = (named.length > 0 ? named : forbidding).map(
      ({ model: { label }, column: { reference } }) => `${label}.${reference?.property ?? ''}`,
    );
    throw new ForeignKeyViolationError(
      `${model.label}: the row cannot be deleted while rows point at it, or at what would go with it, by ${places.join(' or ')} ` +
        "(onDelete 'restrict'); delete or change those first, or let onDelete be 'cascade' or 'set null'.",
      { constraint: error.constraint, table: error.table, columns: error.columns, cause: error },
    );
  }
}

/** The foreign keys that can forbid a delete: of rows that point at the model, or at what goes along with it. */
function restrictingOn(model: ModelSchema): PointingReference[] {
  const found = new Set<PointingReference>();
  for (const each of [model, ...cascadedModels(model).map((change) => change.model)]) {
    for (const reference of referencesTo(each)) if (reference.onDelete === 'restrict') found.add(reference);
  }
  return [...found];
}
