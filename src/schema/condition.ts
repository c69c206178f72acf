import type { Cell } from './cell.js';
import type { ColumnSchema } from './model-schema.js';

/** How a column is compared. */
export type Lookup = 'exact' | 'in' | 'gt' | 'gte' | 'lt' | 'lte' | 'range' | 'isnull';

/** One comparison, its value as cells already. */
export interface Comparison {
  readonly kind: 'comparison';
  readonly column: ColumnSchema;
  readonly lookup: Lookup;
  /** One cell, or two for `range`, or any number for `in`; for `isnull` true or false. */
  readonly cells: readonly Cell[];
}

/** Which rows are meant. */
export type Condition =
  | Comparison
  | { readonly kind: 'and'; readonly parts: readonly Condition[] }
  | { readonly kind: 'or'; readonly parts: readonly Condition[] }
  /** True for every row for which `part` is not true, also where it is unknown because of a null. */
  | { readonly kind: 'not'; readonly part: Condition };
