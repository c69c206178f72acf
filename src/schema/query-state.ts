import type { Condition } from './condition.js';
import type { ColumnSchema, ModelSchema } from './model-schema.js';
import type { Relation, ToOneRelation } from './relations.js';

/** A column of the model itself (no path) or of a row that foreign keys lead to. */
export interface ColumnPath {
  /** From the query's model to the model of `column`; empty for a column of its own. */
  readonly path: readonly ToOneRelation[];
  readonly column: ColumnSchema;
}

export interface OrderTerm extends ColumnPath {
  readonly descending: boolean;
}

/** What `.cache({ … })` asked for; false is `.noCache()`. */
export type CacheRequest =
  | false
  | {
      readonly ttlMs?: number | undefined;
      /** The reads that go through the cache; all where undefined. */
      readonly ops?: readonly ReadOperation[] | undefined;
      /** One load at a time across processes. */
      readonly lock?: boolean | undefined;
      /** How lists of whole rows are kept; the model decides where undefined. */
      readonly rows?: RowsKept | undefined;
    };

/** A list of rows in one entry, or as the keys of rows that have entries of their own. */
export type RowsKept = 'whole' | 'reference';

/** The kinds of read that a query set makes. */
export type ReadOperation = 'get' | 'fetch' | 'count' | 'exists' | 'aggregate';

/** Related rows that are loaded along with the rows of a query, one SELECT for all of them. */
export interface Prefetch {
  readonly relation: Relation;
  /** The property that gets them as an array; undefined where the relation's own accessor answers them. */
  readonly as: string | undefined;
  /** Which of them, in which order; all where undefined. */
  readonly query: QueryState | undefined;
  /** What is loaded along with them in turn. */
  readonly nested: readonly Prefetch[];
}

/** How rows are locked; a lock that is held by others is waited for where `others` says nothing. */
export interface RowLock {
  readonly strength: 'update' | 'share';
  readonly others?: 'skip' | 'fail' | undefined;
}

/**
 * Some rows of each group of rows that have one value in a column, by their places in the query's order. Rows that are at
 * one place count as one, so the order must tell apart what is to be counted apart.
 */
export interface GroupSlice {
  readonly by: ColumnSchema;
  /** The columns that tell a row from all others; those of a link table have no key of their own. */
  readonly keys: readonly ColumnSchema[];
  readonly limit: number | undefined;
  readonly offset: number | undefined;
}

/** What a query set asks for, as data. */
export interface QueryState {
  readonly model: ModelSchema;
  /** All rows where undefined. */
  readonly condition: Condition | undefined;
  readonly order: readonly OrderTerm[];
  readonly limit: number | undefined;
  readonly offset: number | undefined;
  /** A limit for each group in place of one for all rows. */
  readonly slice?: GroupSlice | undefined;
  /** Paths of foreign keys whose rows are loaded along; each comes after those that it begins with. */
  readonly related?: readonly (readonly ToOneRelation[])[] | undefined;
  readonly prefetch?: readonly Prefetch[] | undefined;
  /** Each combination of values once, where single columns are read; whole rows never come twice anyway. */
  readonly distinct?: boolean | undefined;
  /** Locks the rows that are read, until the end of the transaction. */
  readonly lock?: RowLock | undefined;
  /** What was said of the cache; undefined leaves it to the policy. */
  readonly caching?: CacheRequest | undefined;
}

/** Both conditions at once. */
export function both(left: Condition | undefined, right: Condition): Condition {
  if (!left) return right;
  return { kind: 'and', parts: left.kind === 'and' ? [...left.parts, right] : [left, right] };
}
