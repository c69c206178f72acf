import { DatabaseError } from '../errors.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { Row } from '../schema/cell.js';
import type { QueryState } from '../schema/query-state.js';
import { selectRows } from './select-sql.js';
import { quoteName } from './sql-writer.js';
import { tableSql } from './table-sql.js';

/** Reads the rows of a query under their locks; on SQLite the open transaction is the lock. */
export async function lockRows(connection: DatabaseConnection, state: QueryState): Promise<Row[]> {
  const { toRow } = tableSql(state.model, connection.facts.name);
  const { rows } = await connection.run(selectRows(state, connection.facts.name, true));
  return rows.map(toRow);
}

/** The same, and none where a model is declared whose table was not made. */
export async function lockRowsIfAny(connection: DatabaseConnection, state: QueryState): Promise<Row[]> {
  if (connection.facts.name === 'postgres' && !(await isThere(connection, state.model.table))) return [];
  try {
    return await lockRows(connection, state);
  } catch (error) {
    if (error instanceof DatabaseError && error.code === 'NO_SUCH_TABLE') return [];
    throw error;
  }
}

/** The same query for no more than so many rows. */
export function atMost(state: QueryState, most: number): QueryState {
  return { ...state, limit: Math.min(state.limit ?? most, most) };
}

const found = new WeakMap<DatabaseConnection, Set<string>>();

/** Asked once for each table: on PostgreSQL a statement that fails would take the transaction with it. */
async function isThere(connection: DatabaseConnection, table: string): Promise<boolean> {
  const known = found.get(connection) ?? new Set<string>();
  found.set(connection, known);
  if (known.has(table)) return true;
  const { rows } = await connection.run({
    text: 'SELECT to_regclass($1) IS NOT NULL',
    parameters: [quoteName(table)],
    prepare: true,
  });
  const isTable = rows[0]?.[0] === true;
  if (isTable) known.add(table);
  return isTable;
}
