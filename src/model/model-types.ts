import type { FilterValue, PropertyNames } from '../query/filter-types.js';

/** What `create` and the constructor take: any of the columns and relations. Which are needed is checked when saving. */
export type NewValues<T> = { readonly [K in PropertyNames<T>]?: FilterValue<T[K]> };
