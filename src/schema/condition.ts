import type { Cell } from './cell.js';
import type { ColumnSchema } from './model-schema.js';
import type { QueryState } from '../schema/query-state.js';
import type { Relation } from './relations.js';

/** How a column is compared. */
export type Lookup = 'exact' | 'in' | 'gt' | 'gte' | 'lt' | 'lte' | 'range' | 'isnull' | TextLookup;

/** How text is searched; its one cell is the text as it was given. Those with an `i` take all letters as small ones. */
export type TextLookup =
  'iexact' | 'contains' | 'icontains' | 'startswith' | 'istartswith' | 'endswith' | 'iendswith' | 'regex';

/** One comparison, its value as cells already. */
export interface Comparison {
  readonly kind: 'comparison';
  readonly column: ColumnSchema;
  readonly lookup: Lookup;
  /** One cell, or two for `range`, or any number for `in`; for `isnull` true or false. */
  readonly cells: readonly Cell[];
  /**
   * The names that lead to a value inside a JSON column, which is what is compared then, never the column itself. Its
   * cells are JSON's own texts, numbers and booleans.
   */
  readonly json?: readonly string[] | undefined;
}

/** There is a related row for which `condition` holds; any related row at all where it is undefined. */
export interface RelatedCondition {
  readonly kind: 'related';
  readonly relation: Relation;
  /** About the relation's target. */
  readonly condition: Condition | undefined;
}

/** The column's value is one of those that another query gives for `selected`. */
export interface SubqueryCondition {
  readonly kind: 'inQuery';
  readonly column: ColumnSchema;
  readonly query: QueryState;
  readonly selected: ColumnSchema;
}

/** Which rows are meant. */
export type Condition =
  | Comparison
  | RelatedCondition
  | SubqueryCondition
  | { readonly kind: 'and'; readonly parts: readonly Condition[] }
  | { readonly kind: 'or'; readonly parts: readonly Condition[] }
  /** True for every row for which `part` is not true, also where it is unknown because of a null. */
  | { readonly kind: 'not'; readonly part: Condition };
