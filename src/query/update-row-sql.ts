import { touchedByRow, type TouchedByRow } from '../changes/touched-by-row.js';
import type { Statement } from '../database/statement.js';
import type { Cell, Row } from '../schema/cell.js';
import type { DialectName } from '../schema/column-type.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { quoteName } from './sql-writer.js';
import { tableSql } from './table-sql.js';

/** A column with the cell that it gets. */
export interface CellAssignment {
  readonly column: ColumnSchema;
  readonly cell: Cell;
}

/** The statements of one model, by what they set and which conditions are null; each text is written once. */
interface Known {
  readonly touched: TouchedByRow;
  /** The columns that a write must know the old values of. */
  readonly conditions: readonly ColumnSchema[];
  readonly texts: Map<string, string>;
}

const known: Readonly<Record<DialectName, WeakMap<ModelSchema, Known>>> = {
  sqlite: new WeakMap(),
  postgres: new WeakMap(),
};

/** A model whose updates differ more than this writes their texts anew; prepared statements have an end too. */
const mostTexts = 1000;

/**
 * Updates one row if everything that others may depend on still has the value that it had when it was read: the old
 * values that the caller goes on with are then the database's. Answers the row whole, or nothing.
 *
 * NOTE: whole, since a trigger, or somebody else since the read, may have changed any of its columns.
 */
export function updateRowAsRead(
  model: ModelSchema,
  { before, assignments }: { readonly before: Row; readonly assignments: readonly CellAssignment[] },
  dialect: DialectName,
): Statement {
  const { conditions, texts } = knownOf(model, dialect);
  const parameters: unknown[] = [];
  let shape = '';
  for (const { column, cell } of assignments) {
    shape += `${column.position},`;
    parameters.push(driverValue(column, cell, dialect));
  }
  for (const column of conditions) {
    const cell = before[column.position] ?? null;
    shape += cell === null ? 'n' : 'v';
    if (cell !== null) parameters.push(driverValue(column, cell, dialect));
  }
  let text = texts.get(shape);
  if (text === undefined) {
    text = textOf(model, { before, assignments, conditions }, dialect);
    if (texts.size < mostTexts) texts.set(shape, text);
  }
  return { text, parameters, prepare: true, writes: true, model: model.label };
}

function knownOf(model: ModelSchema, dialect: DialectName): Known {
  const touched = touchedByRow(model);
  const found = known[dialect].get(model);
  if (found?.touched === touched) return found;
  const made = { touched, conditions: conditionsOf(model, touched), texts: new Map<string, string>() };
  known[dialect].set(model, made);
  return made;
}

function conditionsOf({ columns, primaryKey }: ModelSchema, touched: TouchedByRow): ColumnSchema[] {
  const positions = new Set(touched.columns.map(({ position }) => position));
  const others = columns.filter(
    (column) => column.version || (positions.has(column.position) && column !== primaryKey),
  );
  return [primaryKey, ...others];
}

function textOf(
  model: ModelSchema,
  {
    before,
    assignments,
    conditions,
  }: {
    readonly before: Row;
    readonly assignments: readonly CellAssignment[];
    readonly conditions: readonly ColumnSchema[];
  },
  dialect: DialectName,
): string {
  let count = 0;
  const parameter = (): string => (dialect === 'postgres' ? `$${(count += 1)}` : '?');
  const set = assignments.map(({ column }) => `${quoteName(column.name)} = ${parameter()}`);
  const same = conditions.map(({ name, position }) =>
    (before[position] ?? null) === null ? `${quoteName(name)} IS NULL` : `${quoteName(name)} = ${parameter()}`,
  );
  const { table, columns } = tableSql(model, dialect);
  return `UPDATE ${table} SET ${set.join(', ')} WHERE ${same.join(' AND ')} RETURNING ${columns}`;
}

function driverValue(column: ColumnSchema, cell: Cell, dialect: DialectName): unknown {
  return cell === null ? null : column.type.toDatabase(cell, dialect);
}
