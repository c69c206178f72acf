import { UsageError } from '../../errors.js';
import type { Cell } from '../../schema/cell.js';
import type { ModelSchema } from '../../schema/model-schema.js';
import type { OrderTerm } from '../../schema/query-state.js';
import { textFlaw } from '../../schema/types/stored-text.js';
import { valueOf } from '../../schema/values.js';
import { hashText } from '../../support/hash.js';
import type { Position } from './keyset.js';

/** A position as text that can go through a URL. It fits queries of the same order alone, and hides nothing. */
export function cursorOf(model: ModelSchema, order: readonly OrderTerm[], position: Position): string {
  return Buffer.from(JSON.stringify([nameOf(model, order), ...position])).toString('base64url');
}

/** Throws UsageError for text that is no cursor of this order. */
export function positionAt(model: ModelSchema, order: readonly OrderTerm[], cursor: unknown): Position {
  const [name, ...cells] = typeof cursor === 'string' ? parsed(cursor) : [];
  const fits = name === nameOf(model, order) && cells.length === order.length;
  if (fits && order.every((term, index) => isCellOf(term, cells[index]))) return cells as Cell[]; // just looked at
  throw new UsageError(
    `${model.label}: paginate() got an 'after' that is no cursor of this query's order; give it the 'next' of a page of the same query`,
  );
}

function parsed(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function isCellOf({ column }: OrderTerm, cell: unknown): boolean {
  if (cell === null) return true;
  if (typeof cell === 'string' && textFlaw(cell) !== undefined) return false;
  if (['string', 'text', 'enum'].includes(column.type.name)) return typeof cell === 'string';
  try {
    return column.type.encode(valueOf(column, cell as Cell)) === cell; // what is no cell does not come back the same
  } catch {
    return false;
  }
}

function nameOf(model: ModelSchema, order: readonly OrderTerm[]): string {
  const terms = order.map(({ path, column, descending }) => [
    ...path.map(({ name }) => name),
    column.property,
    descending,
  ]);
  return hashText(JSON.stringify([model.label, terms])).slice(0, 6);
}
