import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { cellOf } from '../schema/values.js';
import { stateOf } from './state-of.js';

/** The columns whose value is not the stored row's, also where an object was changed in place; all of them before the first save. */
export function changedColumns(instance: object, schema: ModelSchema): ColumnSchema[] {
  const { row } = stateOf(instance);
  if (!row) return schema.columns.filter((column) => Reflect.get(instance, column.property) !== undefined);
  return schema.columns.filter((column) => {
    const cell = row[column.position] ?? null;
    const value: unknown = Reflect.get(instance, column.property);
    return !(value === cell && !column.type.decode) && cellOf(schema, column, value) !== cell;
  });
}

/** Whether anything differs from the stored row. Values that no column takes count as a difference. */
export function isDirty(instance: object, schema: ModelSchema): boolean {
  try {
    return changedColumns(instance, schema).length > 0;
  } catch {
    return true;
  }
}
