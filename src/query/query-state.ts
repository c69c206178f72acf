import type { Condition } from '../schema/condition.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';

export interface OrderTerm {
  readonly column: ColumnSchema;
  readonly descending: boolean;
}

/** What a query set asks for, as data. */
export interface QueryState {
  readonly model: ModelSchema;
  /** All rows where undefined. */
  readonly condition: Condition | undefined;
  readonly order: readonly OrderTerm[];
  readonly limit: number | undefined;
  readonly offset: number | undefined;
}

/** Both conditions at once. */
export function both(left: Condition | undefined, right: Condition): Condition {
  if (!left) return right;
  return { kind: 'and', parts: left.kind === 'and' ? [...left.parts, right] : [left, right] };
}
