import { isDeepStrictEqual } from 'node:util';
import { ValidationError, type ValidationIssue } from '../errors.js';
import type { Cell } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { checkValue, valueOf, type CheckedValue } from '../schema/values.js';
import { stateOf } from './state-of.js';

/** A column with the cell of an instance's value; undefined where a new instance leaves it to the database. */
export type Cells = ReadonlyMap<ColumnSchema, Cell | undefined>;

/** The cells of columns of an instance. Throws one ValidationError with everything that is wrong with any of them. */
export function validCells(
  instance: object,
  schema: ModelSchema,
  columns: readonly ColumnSchema[] = schema.columns,
): Cells {
  const issues: ValidationIssue[] = [];
  const cells = new Map<ColumnSchema, Cell | undefined>();
  const isNew = stateOf(instance).row === undefined;
  for (const column of columns) {
    const value: unknown = Reflect.get(instance, column.property);
    const checked =
      value === undefined || value === null ? checkNothing(column, value, isNew) : checkValue(schema, column, value);
    if ('issue' in checked) issues.push({ property: column.property, message: checked.issue });
    else cells.set(column, checked.cell);
  }
  if (issues.length > 0) throw new ValidationError(schema.label, issues);
  return cells;
}

function checkNothing(column: ColumnSchema, value: null | undefined, isNew: boolean): CheckedValue {
  const filledByDatabase = column.generated || column.version || (column.nullable && value === undefined);
  if (isNew && filledByDatabase) return { cell: undefined };
  return column.nullable ? { cell: null } : { issue: 'is required' };
}

/** Gives properties the value that a read of their column gives, where they have another: text in one case, a Buffer for bytes. */
export function takeReadForm(instance: object, columns: readonly ColumnSchema[], cells: Cells): void {
  for (const column of columns) {
    const cell = cells.get(column);
    if (cell === undefined) continue;
    if (!column.type.decode && Reflect.get(instance, column.property) === cell) continue;
    const value = valueOf(column, cell);
    if (!isDeepStrictEqual(Reflect.get(instance, column.property), value)) {
      Reflect.set(instance, column.property, value);
    }
  }
}
