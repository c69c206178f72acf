import type { Cell, Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { cellOf } from '../schema/values.js';
import { stateOf } from './state-of.js';

/** The cell of a property as it is now. Throws ValidationError. */
export function currentCell(instance: object, schema: ModelSchema, column: ColumnSchema): Cell {
  return cellOf(schema, column, Reflect.get(instance, column.property));
}

/** The columns whose value is not the stored row's, also where an object was changed in place; all of them before the first save. */
export function changedColumns(instance: object, schema: ModelSchema): ColumnSchema[] {
  const { row } = stateOf(instance);
  if (!row) return schema.columns.filter((column) => Reflect.get(instance, column.property) !== undefined);
  return schema.columns.filter((column) => currentCell(instance, schema, column) !== (row[column.position] ?? null));
}

/** Whether anything differs from the stored row. Values that no column takes count as a difference. */
export function isDirty(instance: object, schema: ModelSchema): boolean {
  try {
    return changedColumns(instance, schema).length > 0;
  } catch {
    return true;
  }
}

/** Two rows with the same cells. */
export function sameRow(left: Row, right: Row): boolean {
  return left.length === right.length && left.every((cell, index) => cell === right[index]);
}
