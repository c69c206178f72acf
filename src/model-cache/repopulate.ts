import type { Change } from '../changes/change.js';
import { primaryKeyOf, type ModelSchema } from '../schema/model-schema.js';
import { findModel } from '../schema/registry.js';
import type { ModelCache } from './model-cache.js';

/**
 * Reads rows that were just written back into the cache, for models that ask for it (`static repopulate = true`). They
 * are read again, not taken from the writer: somebody else may have written since.
 */
export async function repopulateRows(cache: ModelCache, changes: readonly Change[]): Promise<void> {
  const written = changes.flatMap((change) =>
    change.kind === 'row' && change.after ? [{ model: change.model, row: change.after }] : [],
  );
  const wanted = written.filter(({ model }) => wantsRepopulation(model));
  if (wanted.length === 0) return;
  // NOTE: the write is committed and must not seem to have failed; whoever reads next tries again
  await Promise.allSettled(wanted.map(({ model, row }) => cache.rows(model).refresh(primaryKeyOf(model, row))));
}

function wantsRepopulation(model: ModelSchema): boolean {
  const found = findModel(model.label);
  return found !== undefined && Reflect.get(found, 'repopulate') === true;
}
