import type { Cell } from '../schema/cell.js';
import type { ColumnSchema } from '../schema/model-schema.js';
import type { QueryState } from '../schema/query-state.js';
import { isDetermined } from './determined.js';
import type { PathRows, QueryRead } from './path-rows.js';
import { isDependedOn, mostAlternatives } from './query-dependencies.js';

/*
 * Which rows of other tables a read's foreign keys lead to is asked first, in a query of its own. What that depends on
 * the read depends on as well: the same rows of its own table, of which it uses the foreign key too, and then the rows
 * that these lead to. So as long as the read's own stamps hold, it is led to the same keys, whether there are rows of
 * these keys or not; and those are depended on one by one.
 */

/** A query for the foreign keys that lead to rows. */
export interface KeyQuery {
  readonly query: QueryState;
  readonly column: ColumnSchema;
}

/** Whether rows that a path leads to are asked for before the read; else it depends on all of their table. */
export function areFound({ state }: QueryRead, { target }: PathRows): boolean {
  return isDependedOn(target, target.primaryKey) && isDetermined(state);
}

/** How to find the keys of rows that the read's own rows lead to. */
export function keysFromOwn({ state }: QueryRead, { column }: PathRows): KeyQuery {
  const { model, condition, order, limit, offset } = state;
  const isLimited = limit !== undefined || offset !== undefined;
  // NOTE: a limit of distinct values, or in an order of other rows, may let in any row
  const isOwnLimit = isLimited && !state.distinct && order.every(({ path }) => path.length === 0);
  return { query: isOwnLimit ? { model, condition, order, limit, offset } : few({ model, condition }), column };
}

/** How to find the keys of rows that rows with these keys lead to. */
export function keysFromRows({ model, column }: PathRows, keys: readonly Cell[]): KeyQuery {
  const condition = { kind: 'comparison', column: model.primaryKey, lookup: 'in', cells: keys } as const;
  return { query: few({ model, condition }), column };
}

/** No more values than tell that they are too many. */
function few({ model, condition }: Pick<QueryState, 'model' | 'condition'>): QueryState {
  return { model, condition, order: [], limit: mostAlternatives + 1, offset: undefined, distinct: true };
}
