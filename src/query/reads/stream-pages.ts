import type { Row } from '../../schema/cell.js';
import type { QueryState } from '../../schema/query-state.js';
import { inFullOrder } from '../order-state.js';
import { type Position, readAfter } from './keyset.js';

const rowsAtOnce = 500;

/**
 * All rows, page by page, none of them without a row. Each page is a statement of its own that
 * begins after the last row of the one before; none is kept in the cache.
 */
export async function* streamPages(state: QueryState): AsyncGenerator<readonly Row[], void, undefined> {
  const ordered: QueryState = { ...state, order: inFullOrder(state), caching: false };
  let left = state.limit ?? Infinity;
  let position: Position | undefined;
  while (left > 0) {
    const limit = Math.min(left, rowsAtOnce);
    const page = await readAfter({ ...ordered, limit, offset: position ? undefined : state.offset }, position);
    if (page.length > 0) yield page.map(({ row }) => row);
    if (page.length < limit) return;
    left -= limit;
    position = page.at(-1)?.position;
  }
}
