import type { ColumnPath } from '../../schema/query-state.js';
import type { AggregateTerm } from './aggregate-sql.js';

/** What a statement answers about the rows that a query asks for. */
export type Read =
  /** Whole rows, and columns of rows that their foreign keys lead to after them. */
  | { readonly kind: 'rows'; readonly more: readonly ColumnPath[] }
  /** At most two whole rows, which tells whether there is only one. */
  | { readonly kind: 'only' }
  | { readonly kind: 'columns'; readonly columns: readonly ColumnPath[] }
  | { readonly kind: 'count' }
  | { readonly kind: 'exists' }
  | AggregateRead;

/** Aggregates over all rows, or over the rows of each group. */
export interface AggregateRead {
  readonly kind: 'aggregate';
  /** The rows with the same values in these columns are one group; all rows are where there are none. */
  readonly groups: readonly ColumnPath[];
  readonly aggregates: readonly AggregateTerm[];
  /** Of the groups. */
  readonly order: readonly GroupOrder[];
  readonly limit: number | undefined;
  readonly offset: number | undefined;
}

/** A group is ordered by one of its columns, or by an aggregate; by their place among them. */
export interface GroupOrder {
  readonly by: 'group' | 'aggregate';
  readonly index: number;
  readonly descending: boolean;
}
