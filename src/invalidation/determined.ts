import type { Condition } from '../schema/condition.js';
import type { QueryState } from '../schema/query-state.js';

/**
 * Whether a query has the same rows each time that it is asked of the same data. Where a limit chooses among rows that
 * its order does not tell apart, the database may choose others the next time.
 */
export function isDetermined({ model, condition, order, limit, offset }: QueryState): boolean {
  const isWhole = limit === undefined && offset === undefined;
  const isFullOrder = order.some(({ path, column }) => path.length === 0 && column === model.primaryKey);
  return (isWhole || isFullOrder) && (condition === undefined || asksDetermined(condition));
}

function asksDetermined(condition: Condition): boolean {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.parts.every((part) => asksDetermined(part));
    case 'not':
      return asksDetermined(condition.part);
    case 'related':
      return condition.condition === undefined || asksDetermined(condition.condition);
    case 'inQuery':
      return isDetermined(condition.query);
    case 'comparison':
      return true;
  }
}
