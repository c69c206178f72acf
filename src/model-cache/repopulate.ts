import type { Change } from '../changes/change.js';
import type { Row } from '../schema/cell.js';
import { primaryKeyOf, type ModelSchema } from '../schema/model-schema.js';
import { findModel } from '../schema/registry.js';
import type { ModelCache } from './model-cache.js';

/** A row that was just written. */
interface Written {
  readonly model: ModelSchema;
  readonly row: Row;
}

/** The rows among what was written whose models ask to be read back into the cache (`static repopulate = true`). */
export function rowsToRepopulate(changes: readonly Change[]): readonly Written[] {
  const rows: Written[] = [];
  for (const change of changes) {
    if (change.kind !== 'row' || !change.after || !wantsRepopulation(change.model)) continue;
    rows.push({ model: change.model, row: change.after });
  }
  return rows;
}

/**
 * Reads rows that were just written back into the cache. They are read again, not taken from the writer: somebody else
 * may have written since.
 */
export async function repopulateRows(cache: ModelCache, written: readonly Written[]): Promise<void> {
  // NOTE: the write is committed and must not seem to have failed; whoever reads next tries again
  await Promise.allSettled(written.map(({ model, row }) => cache.rows(model).refresh(primaryKeyOf(model, row))));
}

function wantsRepopulation(model: ModelSchema): boolean {
  const found = findModel(model.label);
  return found !== undefined && Reflect.get(found, 'repopulate') === true;
}
