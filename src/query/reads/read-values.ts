import { UsageError } from '../../errors.js';
import type { ColumnPath, QueryState } from '../../schema/query-state.js';
import { valueOf } from '../../schema/values.js';
import { resolvePath } from '../conditions/resolve-path.js';
import { readCells } from './read-cells.js';

/** Columns of the rows of a query, as objects under the names that were asked for; all columns where none was. */
export async function readValues(state: QueryState, names: readonly unknown[]): Promise<Record<string, unknown>[]> {
  const asked = names.length > 0 ? names : state.model.columns.map(({ property }) => property);
  const columns = asked.map((name) => resolvePath(state.model, name, 'values()'));
  if (state.distinct) assertOrderIsShown(state, columns);
  const rows = await readCells(state, { kind: 'columns', columns }, 'fetch');
  return rows.map((row) => {
    const values = columns.map(
      ({ column }, index) => [String(asked[index]), valueOf(column, row[index] ?? null)] as const,
    );
    return Object.fromEntries<unknown>(values);
  });
}

/** The values of one column. */
export async function readColumn(state: QueryState, path: ColumnPath): Promise<unknown[]> {
  if (state.distinct) assertOrderIsShown(state, [path]);
  const rows = await readCells(state, { kind: 'columns', columns: [path] }, 'fetch');
  return rows.map(([cell = null]) => valueOf(path.column, cell));
}

function assertOrderIsShown({ model, order, lock }: QueryState, columns: readonly ColumnPath[]): void {
  if (lock) throw new UsageError(`${model.label}: distinct() values belong to no single row that could be locked`);
  for (const term of order) {
    if (columns.some((path) => isSame(path, term))) continue;
    throw new UsageError(
      `${model.label}: distinct() values can only be ordered by what is among them, and '${term.column.property}' is not`,
    );
  }
}

function isSame(left: ColumnPath, right: ColumnPath): boolean {
  return (
    left.column === right.column &&
    left.path.length === right.path.length &&
    left.path.every(({ column }, index) => column === right.path[index]?.column)
  );
}
