import type { Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { cellOf } from '../schema/values.js';
import { changeDetector } from './change-detector.js';
import type { RecordState } from './record-state.js';
import { stateOf } from './state-of.js';

/** The columns whose value is not the stored row's, also where an object was changed in place; all that have one before the first save. */
export function changedColumns(instance: object, schema: ModelSchema): ColumnSchema[] {
  return changesOf(instance, stateOf(instance), schema) ?? [];
}

/** Whether anything differs from the stored row. */
export function isDirty(instance: object, schema: ModelSchema, state = stateOf(instance)): boolean {
  const changed = changesOf(instance, state, schema);
  return changed !== undefined && changed.length > 0;
}

function changesOf(instance: object, { row, late }: RecordState, schema: ModelSchema): ColumnSchema[] | undefined {
  if (!row) return schema.columns.filter((column) => Reflect.get(instance, column.property) !== undefined);
  const found = changeDetector(schema)(instance, row, late);
  return found?.filter((column) => differs(instance, column, { schema, row }));
}

/** A value that the column does not take differs from any that is stored; saving says what is wrong with it. */
function differs(
  instance: object,
  column: ColumnSchema,
  { schema, row }: { readonly schema: ModelSchema; readonly row: Row },
): boolean {
  try {
    return cellOf(schema, column, Reflect.get(instance, column.property)) !== (row[column.position] ?? null);
  } catch {
    return true;
  }
}
