import type { Expression } from './expression.js';
import type { FilterValue, PropertyNames } from './filter-types.js';

/** The columns whose values a column of type `V` may be computed from. */
type Sources<T, V> = {
  [K in PropertyNames<T>]: NonNullable<T[K]> extends (V extends number | bigint ? number | bigint : V) ? K : never;
}[PropertyNames<T>];

/** Arithmetic makes numbers, and decimals, which are text. */
type Makes<V> = [V] extends [number | bigint | string] ? 'column' | 'number' : 'column';

/** What `update({ … })` sets: values, or expressions such as `F('views').plus(1)`. */
export type UpdateValues<T> = {
  readonly [K in PropertyNames<T>]?:
    FilterValue<T[K]> | Expression<Sources<T, NonNullable<T[K]>>, Makes<NonNullable<T[K]>>> | null;
};
