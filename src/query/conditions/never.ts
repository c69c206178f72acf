import type { Condition } from '../../schema/condition.js';
import type { QueryState } from '../../schema/query-state.js';

/** True where it can be told without the database that there are no rows, as of an empty list. */
export function isNever({ condition, limit }: Pick<QueryState, 'condition' | 'limit'>): boolean {
  return limit === 0 || (condition !== undefined && neverHolds(condition));
}

function neverHolds(condition: Condition): boolean {
  switch (condition.kind) {
    case 'comparison':
      return condition.lookup === 'in' && condition.cells.length === 0;
    case 'and':
      return condition.parts.some(neverHolds);
    case 'or':
      return condition.parts.every(neverHolds);
    case 'related':
      return condition.condition !== undefined && neverHolds(condition.condition);
    case 'inQuery':
      return isNever(condition.query);
    case 'not':
      return false;
  }
}
