import type { PropertyNames } from '../query/filter-types.js';

/** What a property of a new instance may be: for a relation an instance; a bare key goes into `<name>Id`. */
type NewValue<V> = [Extract<V, PromiseLike<unknown>>] extends [never] ? V : Awaited<V>;

/** What `create` takes: any of the columns and relations. Which are needed is checked when saving. */
export type NewValues<T> = { readonly [K in PropertyNames<T>]?: NewValue<T[K]> };
