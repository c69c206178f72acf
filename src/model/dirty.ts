import type { Cell } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { cellOf } from '../schema/values.js';
import { stateOf } from './state-of.js';

/** The columns whose value is not the stored row's, also where an object was changed in place; all that have one before the first save. */
export function changedColumns(instance: object, schema: ModelSchema): ColumnSchema[] {
  const { row } = stateOf(instance);
  if (!row) return schema.columns.filter((column) => Reflect.get(instance, column.property) !== undefined);
  return schema.columns.filter((column) => differs(instance, schema, column, row[column.position] ?? null));
}

/** A value that the column does not take differs from any that is stored; saving says what is wrong with it. */
function differs(instance: object, schema: ModelSchema, column: ColumnSchema, stored: Cell): boolean {
  const value: unknown = Reflect.get(instance, column.property);
  if (value === stored && !column.type.decode) return false;
  try {
    return cellOf(schema, column, value) !== stored;
  } catch {
    return true;
  }
}

/** Whether anything differs from the stored row. */
export function isDirty(instance: object, schema: ModelSchema): boolean {
  return changedColumns(instance, schema).length > 0;
}
