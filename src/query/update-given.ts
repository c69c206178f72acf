import type { RowChange } from '../changes/change.js';
import { writeObserver } from '../changes/write-observer.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { Row } from '../schema/cell.js';
import { primaryKeyOf } from '../schema/model-schema.js';
import { columnSqlTypes } from './column-sql-types.js';
import { lockGivenSql, updateGivenInSqlite, updateGivenSql, type GivenRows } from './given-sql.js';
import { runAlone } from './run-write.js';
import { tableSql } from './table-sql.js';

/** A row that was updated. */
export type UpdatedRow = RowChange & { readonly before: Row; readonly after: Row };

/** So many rows go into one statement. */
const mostRowsAtOnce = 5000;

/** How many rows with so many values each one statement takes. */
export function rowsAtOnce({ facts }: DatabaseConnection, values: number): number {
  if (facts.name === 'postgres') return mostRowsAtOnce;
  return Math.max(1, Math.min(mostRowsAtOnce, Math.floor(facts.maxParameters / Math.max(1, values))));
}

/** Whether an update of given rows is more than one statement, which belong into one transaction. */
export function needsTransaction(connection: DatabaseConnection, { model }: Pick<GivenRows, 'model'>): boolean {
  return !connection.facts.rowLocks || writeObserver(connection, model) !== undefined;
}

/**
 * Updates the rows that are given, in the open transaction where it needs one, and answers them as they were under
 * their locks and as they are; none of them where one is missing.
 */
export async function updateGiven(connection: DatabaseConnection, given: GivenRows): Promise<readonly UpdatedRow[]> {
  const { model } = given;
  const types =
    connection.facts.name === 'postgres' ? await columnSqlTypes(connection, model) : new Map<string, string>();
  if (needsTransaction(connection, given)) return updateSeen(connection, given, types);
  const { toRow } = tableSql(model, connection.facts.name);
  const { rows } = await runAlone(connection, model, updateGivenSql(given, types));
  const width = model.columns.length;
  return rows.map((raw) => ({
    kind: 'row',
    model,
    before: toRow(raw.slice(0, width)),
    after: toRow(raw.slice(width)),
  }));
}

async function updateSeen(
  connection: DatabaseConnection,
  given: GivenRows,
  types: ReadonlyMap<string, string>,
): Promise<readonly UpdatedRow[]> {
  const { model } = given;
  const { name } = connection.facts;
  const { toRow } = tableSql(model, name);
  const before = (await connection.run(lockGivenSql(given, name, types))).rows.map(toRow);
  if (before.length < given.rows.length) return [];
  const observer = writeObserver(connection, model);
  await observer?.before(model, before);
  const postgres = name === 'postgres';
  const { rows } = await connection.run(postgres ? updateGivenSql(given, types) : updateGivenInSqlite(given));
  const after = rows.map((raw) => toRow(postgres ? raw.slice(model.columns.length) : raw));
  await observer?.after(model, after);
  return paired(model, before, after);
}

function paired(model: GivenRows['model'], before: readonly Row[], after: readonly Row[]): UpdatedRow[] {
  const byKey = new Map(after.map((row) => [primaryKeyOf(model, row), row]));
  return before.flatMap((row) => {
    const now = byKey.get(primaryKeyOf(model, row));
    return now ? [{ kind: 'row', model, before: row, after: now } as const] : [];
  });
}
