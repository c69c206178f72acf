import { UsageError } from '../errors.js';
import type { ModelReference } from '../schema/declaration.js';
import { QuerySet } from './query-set.js';

/** A query set, of whatever model. */
export type WatchedRows = Pick<QuerySet<object>, 'count' | 'exists'>;

/** What something is said to depend on besides what it is found to read: models and query sets. */
export type Source = ModelReference | WatchedRows;

/** Throws UsageError where a source is neither a model nor a query set. */
export function checkedSource(where: string, source: unknown): Source {
  return source instanceof QuerySet ? source : checkedModel(where, source);
}

/** Throws UsageError for what names no model. */
export function checkedModel(where: string, model: unknown): ModelReference {
  if (typeof model === 'function' || typeof model === 'string') return model as ModelReference; // resolved on first use
  throw new UsageError(
    `${where}: the watched model is ${String(model)}; write a class, a function () => Model, a label or a query set. ` +
      `A class whose module is still loading is undefined here.`,
  );
}
