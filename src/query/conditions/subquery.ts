import type { ColumnSchema } from '../../schema/model-schema.js';
import type { QueryState } from '../../schema/query-state.js';

/** Under this name a query set says what it is as the value of an `in`. */
export const asSubquery = Symbol('asSubquery');

/** The values of one column of a query's rows, not read yet. */
export interface Subquery {
  readonly query: QueryState;
  readonly selected: ColumnSchema;
}

/** What may stand for a list in an `in`: a query set, or one of its columns. */
export interface SubquerySource {
  [asSubquery](): Subquery;
}

export function isSubquerySource(value: unknown): value is SubquerySource {
  return typeof value === 'object' && value !== null && asSubquery in value;
}
