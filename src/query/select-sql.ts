import type { Statement } from '../database/statement.js';
import type { Cell } from '../schema/cell.js';
import type { DialectName } from '../schema/column-type.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import type { OrderTerm, QueryState } from '../schema/query-state.js';
import { quoteName, SqlWriter } from './sql-writer.js';
import { tableSql } from './table-sql.js';
import { conditionSql } from './where-sql.js';

/** Reads the rows of a query. */
export function selectRows(state: QueryState, dialect: DialectName, lock = false): Statement {
  const { columns } = tableSql(state.model, dialect);
  return select(state, dialect, { list: columns, lock });
}

/** Reads the rows of a query under their locks, each after its bare primary key, for a statement that joins them. */
export function selectKeyedRows(state: QueryState, dialect: DialectName): Statement {
  const { table, columns } = tableSql(state.model, dialect);
  return select(state, dialect, { list: `${table}.${quoteName(state.model.primaryKey.name)}, ${columns}`, lock: true });
}

/** Reads the primary keys of a query's rows, for a statement that writes them. */
export function selectKeys(state: QueryState, dialect: DialectName): Statement {
  const { table } = tableSql(state.model, dialect);
  return select(state, dialect, { list: `${table}.${quoteName(state.model.primaryKey.name)}`, lock: false });
}

/** Counts the rows of a query; with a limit no more than that. */
export function selectCount(state: QueryState, dialect: DialectName): Statement {
  if (state.limit === undefined && state.offset === undefined) {
    return select({ ...state, order: [] }, dialect, { list: 'COUNT(*)', lock: false });
  }
  const inner = select({ ...state, order: [] }, dialect, { list: '1', lock: false });
  return { ...inner, text: `SELECT COUNT(*) FROM (${inner.text}) AS "limited"` };
}

/** Tells whether a query has any row. */
export function selectExists(state: QueryState, dialect: DialectName): Statement {
  return select({ ...state, order: [], limit: state.limit === 0 ? 0 : 1 }, dialect, { list: '1', lock: false });
}

/** Reads whole rows by the values of one column; the text is the same for any number of them. */
export function selectByCells(
  model: ModelSchema,
  column: ColumnSchema,
  cells: readonly Cell[],
  dialect: DialectName,
): Statement {
  const writer = new SqlWriter(dialect);
  const { columns, table } = tableSql(model, dialect);
  const name = writer.name(column.name);
  const [only = null] = cells;
  const where = cells.length === 1 ? `${name} = ${writer.cell(column, only)}` : writer.isOneOf(name, column, cells);
  return {
    text: `SELECT ${columns} FROM ${table} WHERE ${where}`,
    parameters: writer.parameters,
    prepare: true,
    model: model.label,
  };
}

function select(state: QueryState, dialect: DialectName, { list, lock }: { list: string; lock: boolean }): Statement {
  const writer = new SqlWriter(dialect);
  const { model, condition, order } = state;
  let text = `SELECT ${list} FROM ${writer.name(model.table)}`;
  if (condition) text += ` WHERE ${conditionSql(writer, condition)}`;
  if (order.length > 0) text += ` ORDER BY ${order.map((term) => orderSql(writer, model, term)).join(', ')}`;
  text += limitSql(writer, state);
  if (lock && dialect === 'postgres') text += ' FOR UPDATE';
  return { text, parameters: writer.parameters, prepare: true, model: model.label };
}

/** Nulls are the largest values on every database. */
function orderSql(writer: SqlWriter, model: ModelSchema, { column, descending }: OrderTerm): string {
  // NOTE: with its table; PostgreSQL would take the bare name for what the select list reads, which may be its text
  const name = `${writer.name(model.table)}.${writer.name(column.name)}`;
  const expression = column.type.orderSql?.(name, writer.dialect) ?? name;
  const nulls = column.nullable && writer.dialect === 'sqlite' ? ` NULLS ${descending ? 'FIRST' : 'LAST'}` : '';
  return `${expression}${descending ? ' DESC' : ''}${nulls}`;
}

function limitSql(writer: SqlWriter, { limit, offset }: QueryState): string {
  if (limit === undefined && offset === undefined) return '';
  const everything = writer.dialect === 'sqlite' ? ' LIMIT -1' : '';
  const limited = limit === undefined ? everything : ` LIMIT ${writer.parameter(limit)}`;
  return offset === undefined ? limited : `${limited} OFFSET ${writer.parameter(offset)}`;
}
