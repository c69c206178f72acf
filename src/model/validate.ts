import { isDeepStrictEqual } from 'node:util';
import { ValidationError, type ValidationIssue } from '../errors.js';
import type { Cell } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { cellOf, valueOf } from '../schema/values.js';
import { stateOf } from './state-of.js';

/** A column with the cell of an instance's value; undefined where a new instance leaves it to the database. */
export type Cells = ReadonlyMap<ColumnSchema, Cell | undefined>;

/** The cells of an instance. Throws one ValidationError with everything that is wrong with any of them. */
export function validCells(instance: object, schema: ModelSchema): Cells {
  const issues: ValidationIssue[] = [];
  const cells = new Map<ColumnSchema, Cell | undefined>();
  const isNew = stateOf(instance).row === undefined;
  for (const column of schema.columns) {
    const value: unknown = Reflect.get(instance, column.property);
    const message = value === undefined || value === null ? issueOfNothing(column, isNew) : issueOf(schema, column, value);
    if (typeof message === 'string') issues.push({ property: column.property, message });
    else cells.set(column, message.cell);
  }
  if (issues.length > 0) throw new ValidationError(schema.label, issues);
  return cells;
}
