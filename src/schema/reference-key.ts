import { UsageError } from '../errors.js';
import type { Cell } from './cell.js';
import { declarationOf } from './declaration.js';
import type { ReferenceSchema } from './model-schema.js';
import { describeValue } from './types/describe-value.js';
import { cellOf } from './values.js';

/** What a key leads to. */
type Target = Pick<ReferenceSchema, 'target' | 'targetModel'>;

/** True for an instance of the model that a foreign key points at; not of one that extends it, whose rows are in another table. */
export function isTargetInstance(reference: Target, value: unknown): value is object {
  return (
    value instanceof reference.targetModel() &&
    declarationOf(value.constructor).table?.name === reference.target().table
  );
}

/** The key of an instance that a foreign key is compared with or set to. Throws UsageError, beginning with `where`, for anything else. */
export function keyCellOfInstance(reference: Target, value: unknown, where: string): Cell {
  const target = reference.target();
  if (!isTargetInstance(reference, value)) {
    throw new UsageError(`${where}: expected an instance of ${target.label} or its key, got ${describeValue(value)}`);
  }
  const cell = cellOf(target, target.primaryKey, Reflect.get(value, target.primaryKey.property));
  if (cell === null) throw new UsageError(`${where}: this ${target.label} has no key yet; save() it first`);
  return cell;
}
