import type { Cell, Row } from '../../schema/cell.js';
import type { Comparison, Condition } from '../../schema/condition.js';
import { both, type ColumnPath, type OrderTerm, type QueryState } from '../../schema/query-state.js';
import type { Read } from '../compile/read.js';
import { readCells } from './read-cells.js';

/** Where a row stands in an order: its cells in the order's columns. */
export type Position = readonly Cell[];

/** The rows from a position on, at most so many; each with its position. The order must tell every row from every other. */
export async function readAfter(
  state: QueryState,
  position: Position | undefined,
): Promise<readonly { readonly row: Row; readonly position: Position }[]> {
  const { order, condition, model } = state;
  const more: readonly ColumnPath[] = order.filter(({ path }) => path.length > 0);
  const read: Read = { kind: 'rows', more };
  const from = position ? both(condition, isAfter(order, position)) : condition;
  const rows = await readCells({ ...state, condition: from }, read, 'fetch');
  return rows.map((row) => ({
    row: more.length === 0 ? row : row.slice(0, model.columns.length),
    position: order.map((term) => row[placeOf(term, more, model.columns.length)] ?? null),
  }));
}

function placeOf(term: OrderTerm, more: readonly ColumnPath[], columns: number): number {
  return term.path.length === 0 ? term.column.position : columns + more.indexOf(term);
}

/** Comes later in the first column of the order, or is level there and comes later in the next, and so on. */
function isAfter(order: readonly OrderTerm[], position: Position): Condition {
  const parts = order.map((term, index): Condition => {
    const level = order.slice(0, index).map((before, at) => isLevel(before, position[at] ?? null));
    return { kind: 'and', parts: [...level, isLater(term, position[index] ?? null)] };
  });
  return { kind: 'or', parts };
}

/** Nulls are the largest values. */
function isLater(term: OrderTerm, cell: Cell): Condition {
  if (term.descending) return cell === null ? isSet(term) : compared(term, 'lt', [cell]);
  if (cell === null) return { kind: 'or', parts: [] };
  const larger = compared(term, 'gt', [cell]);
  return mayBeNull(term) ? { kind: 'or', parts: [larger, isNull(term)] } : larger;
}

/** NOTE: by the order's own comparison where that is not the one of equality, as of decimals on SQLite. */
function isLevel(term: OrderTerm, cell: Cell): Condition {
  if (cell === null) return isNull(term);
  return term.column.type.orderSql ? compared(term, 'range', [cell, cell]) : compared(term, 'exact', [cell]);
}

function isNull(term: OrderTerm): Condition {
  if (term.path.length > 0) return { kind: 'not', part: isSet(term) };
  return compared(term, 'isnull', [true]);
}

function isSet(term: OrderTerm): Condition {
  return compared(term, 'isnull', [false]);
}

function mayBeNull({ path, column }: OrderTerm): boolean {
  return column.nullable || path.length > 0;
}

function compared({ path, column }: OrderTerm, lookup: Comparison['lookup'], cells: readonly Cell[]): Condition {
  return path.reduceRight<Condition>((condition, relation) => ({ kind: 'related', relation, condition }), {
    kind: 'comparison',
    column,
    lookup,
    cells,
  });
}
