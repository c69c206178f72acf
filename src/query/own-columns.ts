import type { ModelSchema } from '../schema/model-schema.js';
import type { ColumnPath } from '../schema/query-state.js';

const known = new WeakMap<ModelSchema, readonly ColumnPath[]>();

/** All columns of a model, as what a query can show: what whole rows are. The same list each time. */
export function ownColumns(model: ModelSchema): readonly ColumnPath[] {
  const columns = known.get(model) ?? model.columns.map((column) => ({ path: [], column }));
  known.set(model, columns);
  return columns;
}
