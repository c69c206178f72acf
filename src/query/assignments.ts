import { UsageError, ValidationError, type ValidationIssue } from '../errors.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { keyCellOfInstance } from '../schema/reference-key.js';
import { checkValue, columnOf, type CheckedValue } from '../schema/values.js';
import { Expression } from './expression.js';
import { assertExpression } from './expression-sql.js';
import type { Assignment } from './write-sql.js';

/**
 * What `update({ … })` sets, with the version that counts up where the model has one. Throws UsageError for what
 * cannot be set, and one ValidationError with every value that its column does not take.
 */
export function assignmentsFor(model: ModelSchema, values: object): Assignment[] {
  const issues: ValidationIssue[] = [];
  const assignments: Assignment[] = [];
  for (const [name, value] of Object.entries(values)) {
    const column = settable(model, name, value);
    if (value instanceof Expression) {
      assertExpression(model, column, value.term);
      assignments.push({ column, term: value.term });
      continue;
    }
    const checked = check(model, column, value);
    if ('issue' in checked) issues.push({ property: name, message: checked.issue });
    else assignments.push({ column, cell: checked.cell ?? null });
  }
  if (issues.length > 0) throw new ValidationError(model.label, issues);
  if (assignments.length === 0) throw new UsageError(`${model.label}: update() got no columns to set`);
  if (model.version) assignments.push({ column: model.version, countUp: true });
  return assignments;
}

function settable(model: ModelSchema, name: string, value: unknown): ColumnSchema {
  const column = columnOf(model, name);
  if (value === undefined) {
    throw new UsageError(`${model.label}: update() got undefined for '${name}'; leave it out, or write null`);
  }
  if (column.primaryKey) {
    throw new UsageError(
      `${model.label}: update() cannot change the primary key '${name}'; delete the row and create another`,
    );
  }
  if (column.version) {
    throw new UsageError(`${model.label}: update() cannot set '${name}', which counts up by itself; leave it out`);
  }
  return column;
}

function check(model: ModelSchema, column: ColumnSchema, value: unknown): CheckedValue {
  if (value === null) return column.nullable ? { cell: null } : { issue: 'is required' };
  const { reference } = column;
  if (reference && typeof value === 'object') {
    return { cell: keyCellOfInstance(reference, value, `${model.label}.${reference.property}`) };
  }
  return checkValue(model, column, value);
}
