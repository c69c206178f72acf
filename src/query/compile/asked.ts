import type { QueryState } from '../../schema/query-state.js';
import type { Read } from './read.js';

/** A query as the statement of a read asks it: no more rows than are looked at, in no order that says nothing. */
export function askedOf(state: QueryState, read: Read): QueryState {
  switch (read.kind) {
    case 'rows':
    case 'columns':
      return state;
    case 'only':
      return atMost(state, 2);
    case 'count':
      return { ...state, order: [] };
    case 'exists':
      return atMost({ ...state, order: [] }, 1);
    case 'aggregate':
      return withoutIdleOrder(state);
  }
}

/** A query's rows in no order, where no limit makes the order tell which they are. */
export function withoutIdleOrder(state: QueryState): QueryState {
  return state.limit === undefined && state.offset === undefined ? { ...state, order: [] } : state;
}

function atMost(state: QueryState, most: number): QueryState {
  return { ...state, limit: Math.min(state.limit ?? most, most) };
}
