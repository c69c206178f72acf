import type { QuerySet } from './query-set.js';

/**
 * What a relation's property gives: `await document.createdBy`. A row of the other model, or null, may be assigned.
 */
export type Related<T> = T | PromiseLike<T>;

/** Members of every model that are not columns. */
type Reserved = 'isPersisted';

/** What a method, or an accessor of the rows that point here, gives: nothing that a column or relation could. */
type NotStored = ((...args: never[]) => unknown) | Pick<QuerySet<object>, 'count' | 'exists'> | PromiseLike<unknown>;

/** The names of a model's columns and relations. */
export type PropertyNames<T> = Exclude<
  { [K in keyof T]-?: NonNullable<T[K]> extends NotStored ? never : K }[keyof T],
  Reserved | symbol | number
> &
  string;

/** What a column or relation may be compared with: a relation takes an instance or its key. */
export type FilterValue<V> = [Extract<V, PromiseLike<unknown>>] extends [never] ? V : Awaited<V> | KeyValue;

/** What a primary key may be. */
export type KeyValue = string | number | bigint;

type Comparable<T> = PropertyNames<T>;

/** Conditions on the rows of a model: all of them must hold. */
export type Filter<T> = { readonly [K in PropertyNames<T>]?: FilterValue<T[K]> | null } & {
  readonly [K in Comparable<T> as `${K}__exact`]?: FilterValue<T[K]> | null;
} & { readonly [K in Comparable<T> as `${K}__in`]?: readonly NonNullable<FilterValue<T[K]>>[] } & {
  readonly [K in Comparable<T> as `${K}__${'gt' | 'gte' | 'lt' | 'lte'}`]?: NonNullable<FilterValue<T[K]>>;
} & {
  readonly [K in Comparable<T> as `${K}__range`]?: readonly [
    NonNullable<FilterValue<T[K]>>,
    NonNullable<FilterValue<T[K]>>,
  ];
} & {
  readonly [K in Comparable<T> as `${K}__isnull`]?: boolean;
};

/** A column to order by; a minus in front turns the order round. */
export type OrderBy<T> = PropertyNames<T> | `-${PropertyNames<T>}`;
