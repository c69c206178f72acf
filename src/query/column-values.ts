import type { QueryState } from '../schema/query-state.js';
import type { ColumnSchema } from '../schema/model-schema.js';
import { asSubquery, type Subquery, type SubquerySource } from './conditions/subquery.js';

/** The values of one column of a query's rows, not read: what an `in` takes in place of a list. */
export class ColumnValues<V> implements SubquerySource {
  /** Never there: it keeps the type of the values. */
  declare protected readonly value: V;
  readonly #subquery: Subquery;

  constructor(query: QueryState, selected: ColumnSchema) {
    this.#subquery = { query, selected };
  }

  [asSubquery](): Subquery {
    return this.#subquery;
  }
}
