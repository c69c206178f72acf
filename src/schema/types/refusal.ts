import { InvalidValue } from '../column-type.js';
import { describeValue } from './describe-value.js';

/** Refuses a value of the user's: what was expected, what kind of value came, and what to do where that helps. */
export function refuse(expected: string, value: unknown, advice?: string): never {
  throw new InvalidValue(
    `expects ${expected}, got ${describeValue(value)}${advice === undefined ? '' : `; ${advice}`}`,
  );
}

/** Refuses what the database holds: another program wrote it, or the column is of another type than declared. */
export function unreadable(type: string, expected: string, raw: unknown): never {
  throw new InvalidValue(
    `cannot be read as ${type}: expected ${expected}, the database gave ${describeValue(raw)}; ` +
      'declare the type that the column really has',
  );
}
