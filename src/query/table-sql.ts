import type { Cell, Row } from '../schema/cell.js';
import { DatabaseError } from '../errors.js';
import { InvalidValue, type DialectName } from '../schema/column-type.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { quoteName } from './sql-writer.js';

/** How the rows of a model are read from one kind of database. */
export interface TableSql {
  /** The table's quoted name. */
  readonly table: string;
  /** The select list: every column, in the order of a Row, each in the form that reads it exactly. */
  readonly columns: string;
  /** What the driver read, as cells. */
  readonly toRow: (raw: readonly unknown[]) => Row;
}

const known: Readonly<Record<DialectName, WeakMap<ModelSchema, TableSql>>> = {
  sqlite: new WeakMap(),
  postgres: new WeakMap(),
};

/** Made once per model and kind of database. */
export function tableSql(model: ModelSchema, dialect: DialectName): TableSql {
  const tables = known[dialect];
  const found = tables.get(model);
  if (found) return found;
  const table = makeTableSql(model, dialect);
  tables.set(model, table);
  return table;
}

function makeTableSql(model: ModelSchema, dialect: DialectName): TableSql {
  const { columns } = model;
  return {
    table: quoteName(model.table),
    columns: selectList(columns, dialect),
    toRow: (raw) => columns.map((column, index) => toCell(column, raw[index], dialect)),
  };
}

/** Expressions that read the columns exactly. */
function selectList(columns: readonly ColumnSchema[], dialect: DialectName): string {
  return columns.map((column) => readExpression(column, quoteName(column.name), dialect)).join(', ');
}

/** The expression that reads a column exactly, under its name in the statement. */
export function readExpression(column: ColumnSchema, name: string, dialect: DialectName): string {
  // NOTE: no alias; ORDER BY would take it for the column and sort what is only its text
  return column.type.selectSql?.(name, dialect) ?? name;
}

/** What the driver read of a column, as a cell. */
export function toCell(column: ColumnSchema, raw: unknown, dialect: DialectName): Cell {
  if (raw === null || raw === undefined) return null;
  try {
    return column.type.fromDatabase(raw, dialect);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    throw new DatabaseError(
      `column '${column.name}' holds what a ${column.type.name} column of this model cannot: it ${error.message}`,
      { cause: error },
    );
  }
}
