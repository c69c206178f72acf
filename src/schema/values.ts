import { UsageError, ValidationError } from '../errors.js';
import { nearest } from '../support/nearest.js';
import type { Cell } from './cell.js';
import { declarationOf } from './declaration.js';
import { InvalidValue } from './column-type.js';
import type { ColumnSchema, ModelSchema } from './model-schema.js';

/** The cell of a property's value. Throws ValidationError for a value that the column's type does not take. */
export function cellOf(model: ModelSchema, column: ColumnSchema, value: unknown): Cell {
  if (value === null || value === undefined) return null;
  try {
    return column.type.encode(value);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    throw new ValidationError(model.label, [{ property: column.property, message: error.message }], { cause: error });
  }
}

/** What came of a value that is to be stored: its cell, or what is wrong with it. */
export type CheckedValue = { readonly cell: Cell | undefined } | { readonly issue: string };

/** Holds a value against its column's type and the user's own rule for it. */
export function checkValue(model: ModelSchema, column: ColumnSchema, value: unknown): CheckedValue {
  try {
    const cell = cellOf(model, column, value);
    const issue = column.validate?.(value);
    return typeof issue === 'string' ? { issue } : { cell };
  } catch (error) {
    if (error instanceof ValidationError) return { issue: error.issues[0]?.message ?? error.message };
    throw error;
  }
}

/** The value that a cell stands for; each call gives one of its own. */
export function valueOf(column: ColumnSchema, cell: Cell): unknown {
  return cell === null || !column.type.decode ? cell : column.type.decode(cell);
}

/** The cell of a value given as a model's primary key: the key itself, or an instance of the model. */
export function keyCellOf(model: ModelSchema, value: unknown): Cell {
  const { primaryKey } = model;
  const other = isInstanceLike(value) && value instanceof Object ? declarationOf(value.constructor).table : undefined;
  if (other && other.name !== model.table) {
    throw new UsageError(
      `${model.label}: expected a key (${primaryKey.type.name}) or an instance, got an instance of ${other.label}`,
    );
  }
  const cell = cellOf(model, primaryKey, isInstanceLike(value) ? value[primaryKey.property] : value);
  if (cell === null) {
    throw new UsageError(`${model.label}: expected a key (${primaryKey.type.name}), got ${String(value)}`);
  }
  return cell;
}

function isInstanceLike(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !Buffer.isBuffer(value);
}

/** The column behind a property or a relation. Throws UsageError with the nearest name that exists. */
export function columnOf(model: ModelSchema, name: string): ColumnSchema {
  const column = model.byProperty.get(name) ?? model.byRelation.get(name);
  if (column) return column;
  const hint = nearest(name, [...model.byProperty.keys(), ...model.byRelation.keys()]);
  throw new UsageError(`${model.label} has no column '${name}'${hint ? `; did you mean '${hint}'?` : ''}`);
}
