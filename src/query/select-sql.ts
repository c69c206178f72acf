import type { Statement } from '../database/statement.js';
import type { Cell } from '../schema/cell.js';
import type { DialectName } from '../schema/column-type.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import type { ColumnPath, QueryState, RowLock } from '../schema/query-state.js';
import { askedOf } from './compile/asked.js';
import { JoinedTables } from './compile/joined-tables.js';
import { orderTermSql } from './compile/order.js';
import type { Read } from './compile/read.js';
import { ownColumns } from './own-columns.js';
import { quoteName, SqlWriter } from './sql-writer.js';
import { selectAggregates } from './compile/select-aggregates.js';
import { readExpression, tableSql } from './table-sql.js';
import { limitSql, rowsSql } from './where-sql.js';

/** Reads the rows of a query; with `lock` nobody else changes them until the end of the transaction. */
export function selectRows(state: QueryState, dialect: DialectName, lock = false): Statement {
  const locked = lock ? { ...state, lock: { strength: 'update' } as const } : state;
  return selectFor(locked, { kind: 'rows', more: [] }, dialect);
}

/** Reads the rows of a query under their locks, each after its bare primary key, for a statement that joins them. */
export function selectKeyedRows(state: QueryState, dialect: DialectName): Statement {
  const writer = new SqlWriter(dialect);
  const locked: QueryState = { ...state, lock: { strength: 'update' } };
  const tables = new JoinedTables(state.model);
  const columns = ownColumns(state.model).map((path) => readExpression(path.column, tables.column(path), dialect));
  const rows = rowsSql(writer, locked, tables) + lockSql(writer, locked, tables);
  return statementOf(writer, state, `SELECT ${[keyName(tables, state.model), ...columns].join(', ')}${rows}`);
}

/** Reads the primary keys of a query's rows, for a statement that writes them. */
export function selectKeys(state: QueryState, dialect: DialectName): Statement {
  const writer = new SqlWriter(dialect);
  const tables = new JoinedTables(state.model);
  return statementOf(writer, state, `SELECT ${keyName(tables, state.model)}${rowsSql(writer, state, tables)}`);
}

/** The statement that makes a read. */
export function selectFor(state: QueryState, read: Read, dialect: DialectName): Statement {
  const writer = new SqlWriter(dialect);
  return statementOf(writer, state, textOf(writer, askedOf(state, read), read));
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

function statementOf({ parameters }: SqlWriter, { model }: QueryState, text: string): Statement {
  return { text, parameters, prepare: true, model: model.label };
}

function keyName(tables: JoinedTables, { primaryKey }: ModelSchema): string {
  return tables.column({ path: [], column: primaryKey });
}

function textOf(writer: SqlWriter, state: QueryState, read: Read): string {
  switch (read.kind) {
    case 'rows':
      return selectColumns(writer, state, [...ownColumns(state.model), ...read.more]);
    case 'only':
      return selectColumns(writer, state, ownColumns(state.model));
    case 'columns':
      return (state.distinct ? selectDistinct : selectColumns)(writer, state, read.columns);
    case 'count':
      return selectCount(writer, state);
    case 'exists':
      return `SELECT 1${rowsSql(writer, state)}`;
    case 'aggregate':
      return selectAggregates(writer, state, read);
  }
}

function selectColumns(writer: SqlWriter, state: QueryState, columns: readonly ColumnPath[]): string {
  const tables = new JoinedTables(state.model);
  const list = columns.map((path) => readExpression(path.column, tables.column(path), writer.dialect));
  return `SELECT ${list.join(', ')}${rowsSql(writer, state, tables)}${lockSql(writer, state, tables)}`;
}

/** NOTE: around the distinct values, because the order is of the columns and the list may read them as something else. */
function selectDistinct(writer: SqlWriter, state: QueryState, columns: readonly ColumnPath[]): string {
  const tables = new JoinedTables(state.model);
  const name = (index: number): string => `"distinct"."${index}"`;
  const inner = columns.map((path, index) => `${tables.column(path)} AS "${index}"`);
  const list = columns.map(({ column }, index) => readExpression(column, name(index), writer.dialect));
  const order = state.order.map((term) =>
    orderTermSql(term, name(columns.findIndex((path) => tables.column(path) === tables.column(term))), writer.dialect),
  );
  const rows = rowsSql(writer, { ...state, order: [], limit: undefined, offset: undefined }, tables);
  const ordered = order.length > 0 ? ` ORDER BY ${order.join(', ')}` : '';
  const from = `(SELECT DISTINCT ${inner.join(', ')}${rows}) AS "distinct"`;
  return `SELECT ${list.join(', ')} FROM ${from}${ordered}${limitSql(writer, state)}`;
}

/** With a limit no more than that. */
function selectCount(writer: SqlWriter, state: QueryState): string {
  const { limit, offset } = state;
  if (limit === undefined && offset === undefined) return `SELECT COUNT(*)${rowsSql(writer, state)}`;
  return `SELECT COUNT(*) FROM (SELECT 1${rowsSql(writer, state)}) AS "limited"`;
}

const lockVerbs: Readonly<Record<RowLock['strength'], string>> = { update: 'UPDATE', share: 'SHARE' };
const waits: Readonly<Record<NonNullable<RowLock['others']>, string>> = { skip: ' SKIP LOCKED', fail: ' NOWAIT' };

/** SQLite has no row locks: a transaction of ours holds the whole database from its beginning. */
function lockSql({ dialect }: SqlWriter, { lock, model }: QueryState, { isJoined }: JoinedTables): string {
  if (!lock || dialect === 'sqlite') return '';
  const own = quoteName(model.table.split('.').at(-1) ?? model.table); // NOTE: OF takes no schema
  return ` FOR ${lockVerbs[lock.strength]}${isJoined ? ` OF ${own}` : ''}${lock.others ? waits[lock.others] : ''}`;
}
