import type { QueryState } from '../schema/query-state.js';
import type { Aggregates } from './aggregates.js';
import type { AggregateValues, CheckedAggregates, ValuesRow } from './value-types.js';
import { type GroupOptions, readGroups } from './reads/read-aggregates.js';

/** The rows of a query in groups of the same values: made by `groupBy`. */
export class GroupedQuery<T, G extends string> {
  readonly #state: QueryState;
  readonly #groups: readonly G[];

  constructor(state: QueryState, groups: readonly G[]) {
    this.#state = state;
    this.#groups = groups;
  }

  /** Computes aggregates of each group, and answers one object for each: its values and what was computed. */
  async aggregate<const A extends Aggregates>(
    aggregates: A & CheckedAggregates<T, A>,
    options: GroupOptions<G | (keyof A & string)> = {},
  ): Promise<(ValuesRow<T, G> & AggregateValues<T, A>)[]> {
    const groups = await readGroups(this.#state, this.#groups, { aggregates, options });
    return groups as (ValuesRow<T, G> & AggregateValues<T, A>)[]; // under the names that were asked for
  }
}
