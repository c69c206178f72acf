import type { Statement } from '../database/statement.js';
import type { ModelSchema } from '../schema/model-schema.js';
import type { QueryState } from '../schema/query-state.js';
import { selectKeyedRows, selectKeys } from './select-sql.js';
import { quoteName, SqlWriter } from './sql-writer.js';
import { tableSql } from './table-sql.js';
import { assignmentsSql, deletion, write, type Assignment } from './write-sql.js';

/*
 * Statements that write whatever rows a query has. On PostgreSQL the rows are locked and read by a common table
 * expression, so that one statement knows each row as it was under its lock and as it is.
 */

/** The rows as they were, under their locks. */
export const oldName = '"moneyclip_old"';
/** Their primary keys. */
export const keyName = '"moneyclip_key"';
const changed = '"moneyclip_new"';

/** Names that no column of a user's has, for the columns of a common table expression. */
export function columnNames(model: ModelSchema, kind: 'old' | 'new'): string {
  return model.columns.map(({ position }) => quoteName(`moneyclip_${kind}_${position}`)).join(', ');
}

/**
 * PostgreSQL: updates the rows of a query and answers each as it was and as it is, after the number of all of them. No
 * more than `most` rows are answered.
 */
export function updateMatchingSql(state: QueryState, assignments: readonly Assignment[], most: number): Statement {
  const { model } = state;
  const { writer, locked } = lockedSql(state);
  const { table, columns } = tableSql(model, 'postgres');
  const oldColumns = columnNames(model, 'old');
  const update = `UPDATE ${table} SET ${assignmentsSql(writer, model, assignments)} FROM ${oldName} WHERE ${isLocked(model)}`;
  const both = `${oldColumns}, ${columnNames(model, 'new')}`;
  return write(
    writer,
    model,
    `WITH ${locked}, ${changed} (${both}) AS (${update} RETURNING ${oldColumns}, ${columns}) ${counted(most)}`,
  );
}

/** PostgreSQL: deletes the rows of a query and answers them as they were, after their number; no more than `most`. */
export function deleteMatchingSql(state: QueryState, most: number): Statement {
  const { model } = state;
  const { writer, locked } = lockedSql(state);
  const { table } = tableSql(model, 'postgres');
  const oldColumns = columnNames(model, 'old');
  const remove = `DELETE FROM ${table} USING ${oldName} WHERE ${isLocked(model)} RETURNING ${oldColumns}`;
  return write(writer, model, `WITH ${locked}, ${changed} (${oldColumns}) AS (${remove}) ${counted(most)}`);
}

/** SQLite: updates the rows of a query and answers only how many there were. */
export function updateManySql(state: QueryState, assignments: readonly Assignment[]): Statement {
  const { model } = state;
  const writer = new SqlWriter('sqlite');
  const set = assignmentsSql(writer, model, assignments);
  const { text, parameters } = selectKeys(state, 'sqlite');
  writer.parameters.push(...parameters);
  const key = quoteName(model.primaryKey.name);
  return write(writer, model, `UPDATE ${quoteName(model.table)} SET ${set} WHERE ${key} IN (${text})`);
}

/** SQLite: deletes the rows of a query and answers them as they were. */
export function deleteManySql(state: QueryState): Statement {
  const { model } = state;
  const writer = new SqlWriter('sqlite');
  const { text, parameters } = selectKeys(state, 'sqlite');
  writer.parameters.push(...parameters);
  const { table, columns } = tableSql(model, 'sqlite');
  const key = quoteName(model.primaryKey.name);
  return deletion(write(writer, model, `DELETE FROM ${table} WHERE ${key} IN (${text}) RETURNING ${columns}`), model);
}

function lockedSql(state: QueryState): { writer: SqlWriter; locked: string } {
  const writer = new SqlWriter('postgres');
  const { text, parameters } = selectKeyedRows(state, 'postgres');
  writer.parameters.push(...parameters);
  return { writer, locked: `${oldName} (${keyName}, ${columnNames(state.model, 'old')}) AS (${text})` };
}

function isLocked(model: ModelSchema): string {
  return `${quoteName(model.table)}.${quoteName(model.primaryKey.name)} = ${oldName}.${keyName}`;
}

/** NOTE: the write is carried out to its end, however few of its rows are asked for. */
function counted(most: number): string {
  return `SELECT (SELECT COUNT(*) FROM ${changed}), ${changed}.* FROM ${changed} LIMIT ${most}`;
}
