import { MultipleRecordsError, RecordNotFoundError } from '../../errors.js';
import type { Row } from '../../schema/cell.js';
import type { QueryState } from '../../schema/query-state.js';
import { inKeyOrder } from '../order-state.js';
import { joinedColumns } from './joined-rows.js';
import { readCells } from './read-cells.js';

/** The rows of a query, each with the cells of those that `related` joins to it. */
export function readRows(state: QueryState): Promise<readonly Row[]> {
  return readCells(state, { kind: 'rows', more: joinedColumns(state) }, 'fetch');
}

/** The first row, if any, in the query's order, or in that of the primary key. */
export function readFirst(state: QueryState): Promise<readonly Row[]> {
  const order = state.order.length > 0 ? state.order : inKeyOrder(state.model);
  return readRows({ ...state, order, limit: Math.min(state.limit ?? 1, 1) });
}

/** The only row. Throws RecordNotFoundError or MultipleRecordsError. */
export async function readOnly(state: QueryState): Promise<Row> {
  const { model } = state;
  const [row, second] = await readCells(state, { kind: 'only' }, 'get');
  if (!row) throw new RecordNotFoundError(model.label, `${model.label}: no row matches`);
  if (!second) return row;
  throw new MultipleRecordsError(
    model.label,
    `${model.label}: more than one row matches; narrow the filter, or use first()`,
  );
}

export async function readCount(state: QueryState): Promise<number> {
  const [row] = await readCells(state, { kind: 'count' }, 'count');
  return Number(row?.[0] ?? 0);
}

export async function readExists(state: QueryState): Promise<boolean> {
  const rows = await readCells(state, { kind: 'exists' }, 'exists');
  return rows.length > 0;
}
