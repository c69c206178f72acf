import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import type { ColumnPath, OrderTerm, QueryState } from '../schema/query-state.js';
import type { ToOneRelation } from '../schema/relations.js';

/** A read: which rows it asks for, and which of their columns the answer shows. */
export interface QueryRead {
  readonly state: QueryState;
  readonly shown: readonly ColumnPath[];
}

/** The order that an answer is in. One that shows no columns tells only whether or how many rows there are. */
export function orderOf({ state, shown }: QueryRead): readonly OrderTerm[] {
  return shown.length > 0 ? state.order : [];
}

/** Rows that the foreign keys of other rows lead to, with the columns that a read uses of them. */
export interface PathRows {
  /** The name of the path that leads to them from the read's own rows. */
  readonly name: string;
  /** The name of the path without its last step; empty for the read's own rows. */
  readonly from: string;
  /** The model of the rows that the last step leads from. */
  readonly model: ModelSchema;
  /** The foreign key of that step. */
  readonly column: ColumnSchema;
  readonly target: ModelSchema;
  readonly used: ReadonlySet<ColumnSchema>;
}

/** The rows along every path by which a read shows or orders by a column, each after those that lead to it. */
export function pathRows(read: QueryRead): readonly PathRows[] {
  const found = new Map<string, PathRows & { readonly used: Set<ColumnSchema> }>();
  for (const { path, column } of [...read.shown, ...orderOf(read)]) {
    path.forEach((relation, index) => {
      const name = nameOf(path.slice(0, index + 1));
      const known = found.get(name) ?? { ...stepOf(relation), name, from: nameOf(path.slice(0, index)) };
      known.used.add(path[index + 1]?.column ?? column);
      found.set(name, known);
    });
  }
  return [...found.values()];
}

function stepOf({ model, column, target }: ToOneRelation) {
  return { model, column, target, used: new Set([target.primaryKey]) };
}

function nameOf(path: readonly ToOneRelation[]): string {
  return path.map(({ name }) => name).join('__');
}
