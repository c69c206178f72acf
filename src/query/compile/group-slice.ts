import type { GroupSlice } from '../../schema/query-state.js';

/** After which place the rows of a slice begin, and with which one they end, if they do. */
export function placesOf({ limit, offset = 0 }: GroupSlice): readonly number[] {
  return limit === undefined ? [offset] : [offset, offset + limit];
}
