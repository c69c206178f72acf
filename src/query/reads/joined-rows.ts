import type { Cell, Row } from '../../schema/cell.js';
import type { ModelSchema } from '../../schema/model-schema.js';
import type { ColumnPath, QueryState } from '../../schema/query-state.js';
import { relatedReader } from '../query-observer.js';
import { connectionOf } from './read-cells.js';

/** The columns of the rows that `related` names, where they are joined: unless each is to be accounted for by itself. */
export function joinedColumns(state: QueryState): readonly ColumnPath[] {
  const { related = [] } = state;
  if (related.length === 0 || relatedReader(connectionOf(state), state)) return [];
  return related.flatMap((path) => (path.at(-1)?.target.columns ?? []).map((column) => ({ path, column })));
}

/** A row without what was joined to it. */
export function ownCells({ columns }: ModelSchema, cells: Row): Row {
  return cells.length > columns.length ? cells.slice(0, columns.length) : cells;
}

/** For each path of `related` the rows that were joined, by their keys; undefined where nothing was. */
export function joinedRows(
  { model, related = [] }: QueryState,
  rows: readonly Row[],
): ReadonlyMap<Cell, Row>[] | undefined {
  let end = model.columns.length;
  if (rows.every(({ length }) => length === end)) return undefined;
  return related.map((path) => {
    const { columns, primaryKey } = path.at(-1)?.target ?? model;
    const start = end;
    end += columns.length;
    const byKey = new Map<Cell, Row>();
    for (const cells of rows) {
      const key = cells[start + primaryKey.position] ?? null;
      if (key !== null && !byKey.has(key)) byKey.set(key, cells.slice(start, start + columns.length));
    }
    return byKey;
  });
}
