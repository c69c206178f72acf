import { ValidationError, type ValidationIssue } from '../errors.js';
import type { Cell } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { cellOf } from '../schema/values.js';

/** A column with the cell of an instance's value; undefined where the instance says nothing. */
export type Cells = ReadonlyMap<ColumnSchema, Cell | undefined>;

/** The cells of an instance. Throws one ValidationError with everything that is wrong with any of them. */
export function validCells(instance: object, schema: ModelSchema): Cells {
  const issues: ValidationIssue[] = [];
  const cells = new Map<ColumnSchema, Cell | undefined>();
  for (const column of schema.columns) {
    const value: unknown = Reflect.get(instance, column.property);
    const message = issueOf(schema, column, value, (cell) => cells.set(column, cell));
    if (message !== undefined) issues.push({ property: column.property, message });
  }
  if (issues.length > 0) throw new ValidationError(schema.label, issues);
  return cells;
}

function issueOf(
  schema: ModelSchema,
  column: ColumnSchema,
  value: unknown,
  keep: (cell: Cell | undefined) => void,
): string | undefined {
  if (value === undefined || value === null) {
    const filledLater = column.generated || (column.version && value === undefined);
    if (!column.nullable && !filledLater) return 'is required';
    keep(value === null && !filledLater ? null : undefined);
    return undefined;
  }
  try {
    keep(cellOf(schema, column, value));
  } catch (error) {
    if (error instanceof ValidationError) return error.issues[0]?.message ?? error.message;
    throw error;
  }
  return column.validate?.(value) ?? undefined;
}
