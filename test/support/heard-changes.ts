import { onChanges } from '../../src/changes/change-log.js';
import type { Change } from '../../src/changes/change.js';
import { connectionNamed } from '../../src/database/connections.js';
import type { Row } from '../../src/schema/cell.js';
import type { ModelSchema } from '../../src/schema/model-schema.js';

/** The changes that listeners hear of while `work` runs. */
export async function changesOf(work: () => Promise<unknown>): Promise<Change[]> {
  const heard: Change[] = [];
  const stop = onChanges(connectionNamed('default', 'a test'), async (changes) => void heard.push(...changes));
  try {
    await work();
  } finally {
    stop();
  }
  return heard;
}

/** Changes as text, sorted: `label {before} -> {after}` with the named columns that differ, or `label *` for a table. */
export function described(changes: readonly Change[], ...properties: string[]): string[] {
  return changes.map((change) => describeChange(change, properties)).toSorted();
}

function describeChange(change: Change, properties: readonly string[]): string {
  if (change.kind === 'table') return `${change.model.label} *`;
  if (change.kind !== 'row') return change.kind;
  const { model, before, after } = change;
  return `${model.label} ${describeRow(model, before, properties)} -> ${describeRow(model, after, properties)}`;
}

function describeRow(model: ModelSchema, row: Row | undefined, properties: readonly string[]): string {
  if (!row) return 'none';
  const cells = properties.flatMap((property) => {
    const column = model.byProperty.get(property);
    return column ? [String(row[column.position])] : [];
  });
  return cells.join(',');
}
