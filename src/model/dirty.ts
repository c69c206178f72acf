import type { Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { cellOf } from '../schema/values.js';
import { cleanCheck, isStored } from './clean-check.js';
import { stateOf } from './state-of.js';

/** The columns whose value is not the stored row's, also where an object was changed in place; all that have one before the first save. */
export function changedColumns(instance: object, schema: ModelSchema): ColumnSchema[] {
  const { row } = stateOf(instance);
  if (!row) return schema.columns.filter((column) => Reflect.get(instance, column.property) !== undefined);
  return schema.columns.filter((column) => differs(instance, schema, column, row));
}

/** Whether anything differs from the stored row. */
export function isDirty(instance: object, schema: ModelSchema): boolean {
  const { row, late } = stateOf(instance);
  if (!row) return changedColumns(instance, schema).length > 0;
  if (cleanCheck(schema)(instance, row, late)) return false;
  for (const column of schema.columns) if (differs(instance, schema, column, row)) return true;
  return false;
}

/** A value that the column does not take differs from any that is stored; saving says what is wrong with it. */
function differs(instance: object, schema: ModelSchema, column: ColumnSchema, row: Row): boolean {
  const { late } = stateOf(instance);
  if (late && column.type.isCostly && !late.has(column)) return false;
  const stored = row[column.position] ?? null;
  const value: unknown = Reflect.get(instance, column.property);
  if (isStored(column, value, stored)) return false;
  try {
    return cellOf(schema, column, value) !== stored;
  } catch {
    return true;
  }
}
