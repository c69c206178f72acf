import { dependencyText } from '../invalidation/dependencies.js';
import type { ObservedQuery } from '../query/query-observer.js';
import type { Cell, Row } from '../schema/cell.js';
import type { Comparison, Condition } from '../schema/condition.js';
import type { ColumnSchema } from '../schema/model-schema.js';

/** A row that a `get` names by its key or another unique value, and what else must hold of it. */
export interface NamedRow {
  readonly column: ColumnSchema;
  readonly cell: Cell;
  readonly others: readonly Equality[];
}

/** A column and the cell that it must have, which may be null. */
interface Equality {
  readonly column: ColumnSchema;
  readonly cell: Cell;
}

/** The row that a query names; undefined where it asks for anything else of it than that columns have values. */
export function namedRowOf({ state, operation }: ObservedQuery): NamedRow | undefined {
  const { condition, limit, offset } = state;
  if (operation !== 'get' || !condition || limit !== undefined || offset !== undefined) return undefined;
  const all = equalitiesOf(condition);
  const named = all?.find(isKey) ?? all?.find(isUniqueValue);
  return named && all && { ...named, others: all.filter((equality) => equality !== named) };
}

/**
 * Whether a row has all of these values; undefined where only the database can tell, which may hold texts for equal
 * that are written differently.
 */
export function hasValues(row: Row, values: readonly Equality[]): boolean | undefined {
  const answers = values.map(({ column, cell }) => hasValue(column, row[column.position] ?? null, cell));
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

function hasValue({ type }: ColumnSchema, actual: Cell, wanted: Cell): boolean | undefined {
  if (actual === wanted) return true;
  if (actual === null || wanted === null) return false;
  // NOTE: cells of other types may differ and be equal all the same, such as two decimals
  return type.canonicalEquality && dependencyText(actual) !== dependencyText(wanted) ? false : undefined;
}

/** Undefined where a part of the condition says something else. */
function equalitiesOf(condition: Condition): readonly Equality[] | undefined {
  if (condition.kind === 'comparison') return equalityOf(condition);
  if (condition.kind !== 'and') return undefined;
  const parts = condition.parts.map(equalitiesOf);
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

function equalityOf({ column, lookup, cells, json }: Comparison): readonly Equality[] | undefined {
  const [cell] = cells;
  if (json || cell === undefined) return undefined;
  if (lookup === 'exact') return cell === null ? undefined : [{ column, cell }];
  // NOTE: a null inside of JSON is a null cell as well
  return lookup === 'isnull' && cell === true && column.type.canonicalEquality ? [{ column, cell: null }] : undefined;
}

function isKey({ column, cell }: Equality): boolean {
  return column.primaryKey && cell !== null;
}

function isUniqueValue({ column, cell }: Equality): boolean {
  return column.unique && cell !== null;
}
