import type { Statement } from '../database/statement.js';
import type { Cell } from '../schema/cell.js';
import type { DialectName } from '../schema/column-type.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { sqlTypeOf } from './column-sql-types.js';
import { columnNames, keyName, oldName } from './matching-sql.js';
import { quoteName, SqlWriter } from './sql-writer.js';
import { tableSql } from './table-sql.js';
import { write } from './write-sql.js';

/** Rows as values: which rows of the table they mean, and what is to be set there. */
export interface GivenRows {
  readonly model: ModelSchema;
  /** What tells a row of the table; the first cells of each row. */
  readonly match: readonly ColumnSchema[];
  /** What it gets; the cells after those. */
  readonly set: readonly ColumnSchema[];
  readonly rows: readonly (readonly Cell[])[];
}

/** The types that PostgreSQL's columns have; empty on SQLite, which needs none. */
export type SqlTypes = ReadonlyMap<string, string>;

const given = '"moneyclip_given"';
const own = '"moneyclip_own"';

/** PostgreSQL: updates the rows that are given, all or none of them, and answers each as it was and as it is. */
export function updateGivenSql(rows: GivenRows, types: SqlTypes): Statement {
  const { model } = rows;
  const writer = new SqlWriter('postgres');
  const { table, columns } = tableSql(model, 'postgres');
  const key = quoteName(model.primaryKey.name);
  const oldColumns = columnNames(model, 'old');
  const locked =
    `${oldName} (${keyName}, ${oldColumns}, ${givenNames(rows)}) AS ` +
    `(SELECT ${own}.${key}, ${columns}, ${given}.* FROM ${table} AS ${own}, ${given} ` +
    `WHERE ${matches(rows, own)} ORDER BY ${own}.${key} FOR UPDATE OF ${own})`;
  const all = `(SELECT COUNT(*) FROM ${oldName}) = (SELECT COUNT(*) FROM ${given})`;
  const update = `UPDATE ${table} SET ${setSql(rows, oldName)} FROM ${oldName} WHERE ${table}.${key} = ${oldName}.${keyName} AND ${all}`;
  return write(
    writer,
    model,
    `WITH ${givenSql(writer, rows, types)}, ${locked} ${update} RETURNING ${oldColumns}, ${columns}`,
  );
}

/** SQLite: updates the rows that are given and answers them as they are. */
export function updateGivenInSqlite(rows: GivenRows): Statement {
  const { model } = rows;
  const writer = new SqlWriter('sqlite');
  const { table, columns } = tableSql(model, 'sqlite');
  const update = `UPDATE ${table} SET ${setSql(rows, given)} FROM ${given} WHERE ${matches(rows, table)}`;
  return write(writer, model, `WITH ${givenSql(writer, rows, new Map())} ${update} RETURNING ${columns}`);
}

/** Reads the rows of the table that are given, under their locks. */
export function lockGivenSql(rows: GivenRows, dialect: DialectName, types: SqlTypes): Statement {
  const { model } = rows;
  const writer = new SqlWriter(dialect);
  const { table, columns } = tableSql(model, dialect);
  const key = quoteName(model.primaryKey.name);
  const lock = dialect === 'postgres' ? ` FOR UPDATE OF ${own}` : '';
  const select = `SELECT ${columns} FROM ${table} AS ${own}, ${given} WHERE ${matches(rows, own)} ORDER BY ${own}.${key}${lock}`;
  const text = `WITH ${givenSql(writer, rows, types)} ${select}`;
  return { text, parameters: writer.parameters, prepare: true, model: model.label };
}

/** The rows as a table: on PostgreSQL one parameter a column, however many rows there are. */
function givenSql(writer: SqlWriter, rows: GivenRows, types: SqlTypes): string {
  const source = writer.dialect === 'postgres' ? arrays(writer, rows, types) : `VALUES ${tuples(writer, rows)}`;
  return `${given} (${givenNames(rows)}) AS (${source})`;
}

function arrays(writer: SqlWriter, rows: GivenRows, types: SqlTypes): string {
  const columns = columnsOf(rows);
  const parameters = columns.map((column, index) =>
    writer.parameter(rows.rows.map((row) => textOf(column, row[index] ?? null))),
  );
  const casts = columns.map((column, index) => `"value_${index}"::${sqlTypeOf(types, rows.model, column)}`);
  const names = columns.map((_, index) => `"value_${index}"`);
  const lists = parameters.map((parameter) => `${parameter}::text[]`).join(', ');
  return `SELECT ${casts.join(', ')} FROM UNNEST(${lists}) AS "list" (${names.join(', ')})`;
}

/** A driver's value as PostgreSQL writes it in a text. */
function textOf(column: ColumnSchema, cell: Cell): string | null {
  if (cell === null) return null;
  const value = column.type.toDatabase(cell, 'postgres');
  return value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : String(value);
}

function tuples(writer: SqlWriter, rows: GivenRows): string {
  const columns = columnsOf(rows);
  return rows.rows
    .map((row) => `(${columns.map((column, index) => writer.cell(column, row[index] ?? null)).join(', ')})`)
    .join(', ');
}

function columnsOf({ match, set }: GivenRows): readonly ColumnSchema[] {
  return [...match, ...set];
}

function givenNames(rows: GivenRows): string {
  return columnsOf(rows)
    .map((_, index) => givenName(index))
    .join(', ');
}

function givenName(index: number): string {
  return `"moneyclip_given_${index}"`;
}

function matches({ match }: GivenRows, table: string): string {
  return match.map(({ name }, index) => `${table}.${quoteName(name)} = ${given}.${givenName(index)}`).join(' AND ');
}

function setSql({ model, match, set }: GivenRows, from: string): string {
  const assignments = set.map(({ name }, index) => `${quoteName(name)} = ${from}.${givenName(match.length + index)}`);
  if (model.version) {
    const name = quoteName(model.version.name);
    assignments.push(`${name} = ${quoteName(model.table)}.${name} + 1`);
  }
  return assignments.join(', ');
}
