import { UsageError } from '../errors.js';
import type { ModelSchema } from '../schema/model-schema.js';
import type { OrderTerm, QueryState } from '../schema/query-state.js';

/** The order of the primary key. */
export function inKeyOrder({ primaryKey }: ModelSchema): readonly OrderTerm[] {
  return [{ path: [], column: primaryKey, descending: false }];
}

/** The query's order, with the primary key at its end, so that no two rows are at one place. */
export function inFullOrder({ model, order }: QueryState): readonly OrderTerm[] {
  const end = order.findIndex(({ path, column }) => path.length === 0 && column === model.primaryKey);
  if (end >= 0) return order.slice(0, end + 1);
  return [...order, { path: [], column: model.primaryKey, descending: order.at(-1)?.descending ?? false }];
}

/** The same rows from the other end. Throws UsageError where a limit has chosen them by this order. */
export function reversed(state: QueryState, verb: string): QueryState {
  const { model, order } = state;
  if (state.limit !== undefined || state.offset !== undefined) {
    throw new UsageError(
      `${model.label}: ${verb}() would choose other rows than limit() and offset() did; turn the order round by orderBy()`,
    );
  }
  const terms = order.length > 0 ? order : inKeyOrder(model);
  return { ...state, order: terms.map((term) => ({ ...term, descending: !term.descending })) };
}
