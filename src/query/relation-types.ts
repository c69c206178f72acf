import type { PropertyNames } from './filter-types.js';
import type { QuerySet } from './query-set.js';

/** How many relations a path may have: one more than the first of these numbers. */
type Deeper = [never, 0, 1, 2];

/** The other model of a foreign key; never where a property is none. */
type ToOne<V> = [Extract<V, PromiseLike<unknown>>] extends [never]
  ? never
  : NonNullable<Awaited<V>> extends readonly unknown[]
    ? never
    : NonNullable<Awaited<V>>;

type ToOneNames<T> = { [K in PropertyNames<T>]: [ToOne<T[K]>] extends [never] ? never : K }[PropertyNames<T>];

/** The other model of any relation: a foreign key, a set of rows, or the other side of a one-to-one. */
type Related<V> = V extends { all(): Promise<(infer U)[]> } ? U : V extends PromiseLike<unknown> ? ToOne<V> : ToOne<V>;

type RelationNames<T> = {
  [K in keyof T & string]: T[K] extends (...args: never[]) => unknown
    ? never
    : [Related<T[K]>] extends [never]
      ? never
      : K;
}[keyof T & string];

/** A foreign key, or foreign keys one after the other: `'author__publisher'`. */
export type RelatedPath<T, Depth extends 0 | 1 | 2 | 3 = 3> = {
  [K in ToOneNames<T>]: K | (Depth extends 0 ? never : `${K}__${RelatedPath<ToOne<T[K]>, Deeper[Depth]>}`);
}[ToOneNames<T>];

/** A relation, or relations one after the other: `'comments__author'`. */
export type PrefetchPath<T, Depth extends 0 | 1 | 2 | 3 = 2> = {
  [K in RelationNames<T>]: K | (Depth extends 0 ? never : `${K}__${PrefetchPath<Related<T[K]>, Deeper[Depth]>}`);
}[RelationNames<T>];

/** A relation with a query for which of its rows to load, and the property that gets them. */
export interface PrefetchOf<T> {
  readonly name: PrefetchPath<T>;
  /** Which of the related rows, in which order; its limit and offset are of the rows of each instance. */
  readonly query?: Pick<QuerySet<object>, 'count' | 'exists'>;
  /** The property that gets them as an array; default: the relation's own accessor answers them. */
  readonly as?: string;
}
