import { cascadedModels } from '../changes/cascade.js';
import type { Statement } from '../database/statement.js';
import type { Cell } from '../schema/cell.js';
import type { DialectName } from '../schema/column-type.js';
import type { Comparison } from '../schema/condition.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import type { Term } from './expression.js';
import { expressionSql } from './expression-sql.js';
import { SqlWriter } from './sql-writer.js';
import { tableSql } from './table-sql.js';

/** A column with the cell it gets, one that is computed, or one that counts up. */
export type Assignment =
  | { readonly column: ColumnSchema; readonly cell: Cell }
  | { readonly column: ColumnSchema; readonly term: Term }
  | { readonly column: ColumnSchema; readonly countUp: true };

/** Inserts rows that all name the same columns, and answers them whole. */
export function insertRows(
  model: ModelSchema,
  columns: readonly ColumnSchema[],
  rows: readonly (readonly Cell[])[],
  dialect: DialectName,
): Statement {
  const writer = new SqlWriter(dialect);
  const returning = ` RETURNING ${tableSql(model, dialect).columns}`;
  return write(writer, model, insertSql(writer, model, columns, rows) + returning);
}

/** What keeps a row from being inserted. */
export interface Conflict {
  /** The unique columns that tell the rows; every unique constraint where undefined. */
  readonly target: readonly ColumnSchema[] | undefined;
  /** A column of rows that are there already and will be updated: PostgreSQL locks them, without a change. */
  readonly lock: ColumnSchema | undefined;
}

/** Inserts the rows that are not there yet, and answers those alone. */
export function insertNewRows(
  model: ModelSchema,
  {
    columns,
    rows,
    conflict,
  }: { columns: readonly ColumnSchema[]; rows: readonly (readonly Cell[])[]; conflict: Conflict },
  dialect: DialectName,
): Statement {
  const writer = new SqlWriter(dialect);
  const table = tableSql(model, dialect);
  const { target, lock } = conflict;
  const on = target ? ` (${target.map(({ name }) => writer.name(name)).join(', ')})` : '';
  const locked = lock && dialect === 'postgres' ? writer.name(lock.name) : undefined;
  const action = locked ? `UPDATE SET ${locked} = ${table.table}.${locked} WHERE FALSE` : 'NOTHING';
  const insert = insertSql(writer, model, columns, rows);
  return write(writer, model, `${insert} ON CONFLICT${on} DO ${action} RETURNING ${table.columns}`);
}

function insertSql(
  writer: SqlWriter,
  model: ModelSchema,
  columns: readonly ColumnSchema[],
  rows: readonly (readonly Cell[])[],
): string {
  const values = rows.map(
    (row) => `(${columns.map((column, index) => writer.cell(column, row[index] ?? null)).join(', ')})`,
  );
  const what =
    columns.length === 0
      ? 'DEFAULT VALUES'
      : `(${columns.map((column) => writer.name(column.name)).join(', ')}) VALUES ${values.join(', ')}`;
  return `INSERT INTO ${writer.name(model.table)} ${what}`;
}

/** Updates the rows with these keys and answers them whole. */
export function updateByKeys(
  model: ModelSchema,
  keys: readonly Cell[],
  assignments: readonly Assignment[],
  dialect: DialectName,
): Statement {
  const writer = new SqlWriter(dialect);
  const table = tableSql(model, dialect);
  const set = assignmentsSql(writer, model, assignments);
  const where = writer.isOneOf(writer.name(model.primaryKey.name), model.primaryKey, keys);
  return write(writer, model, `UPDATE ${table.table} SET ${set} WHERE ${where} RETURNING ${table.columns}`);
}

/** Deletes the rows with these keys, where `also` holds, and answers them as they were. */
export function deleteByKeys(
  model: ModelSchema,
  keys: readonly Cell[],
  dialect: DialectName,
  also?: Comparison,
): Statement {
  const writer = new SqlWriter(dialect);
  const { table, columns } = tableSql(model, dialect);
  let where = writer.isOneOf(writer.name(model.primaryKey.name), model.primaryKey, keys);
  if (also) where += ` AND ${isCell(writer, also.column, also.cells[0] ?? null)}`;
  return deletion(write(writer, model, `DELETE FROM ${table} WHERE ${where} RETURNING ${columns}`), model);
}

/** A statement that deletes rows of a model, whose caller accounts for the tables that foreign keys lead to. */
export function deletion(statement: Statement, model: ModelSchema): Statement {
  return { ...statement, cascades: [model.table, ...cascadedModels(model).map((change) => change.model.table)] };
}

/** What follows SET. */
export function assignmentsSql(writer: SqlWriter, model: ModelSchema, assignments: readonly Assignment[]): string {
  return assignments.map((one) => assignmentSql(writer, model, one)).join(', ');
}

function assignmentSql(writer: SqlWriter, model: ModelSchema, assignment: Assignment): string {
  const { column } = assignment;
  const name = writer.name(column.name);
  if ('cell' in assignment) return `${name} = ${writer.cell(column, assignment.cell)}`;
  if ('term' in assignment) return `${name} = ${expressionSql(writer, model, column, assignment.term)}`;
  return `${name} = ${name} + 1`;
}

function isCell(writer: SqlWriter, column: ColumnSchema, cell: Cell): string {
  const name = writer.name(column.name);
  return cell === null ? `${name} IS NULL` : `${name} = ${writer.cell(column, cell)}`;
}

/** A statement that writes, and is prepared once. */
export function write(writer: SqlWriter, model: ModelSchema, text: string): Statement {
  return { text, parameters: writer.parameters, prepare: true, writes: true, model: model.label };
}
