import type { Cell } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';
import type { ObservedQuery } from './query-observer.js';

/** The read of one row by its primary key, as observers see it. It is never answered by the cache. */
export function rowQuery(model: ModelSchema, key: Cell): ObservedQuery {
  const { primaryKey } = model;
  const condition = { kind: 'comparison', column: primaryKey, lookup: 'exact', cells: [key] } as const;
  return {
    state: { model, condition, order: [], limit: undefined, offset: undefined, caching: false },
    operation: 'fetch',
    shown: model.columns.map((column) => ({ path: [], column })),
    identity: () => `row ${String(key)}`,
  };
}
