import type { Change } from '../changes/change.js';
import type { Row } from '../schema/cell.js';
import { primaryKeyOf, type ModelSchema } from '../schema/model-schema.js';

/** Above so many rows a write says only that the table changed. */
export const mostRowChanges = 500;

/** What a write did to rows that were read before and after; their order does not matter. */
export function changesOf(model: ModelSchema, before: readonly Row[], after: readonly Row[]): readonly Change[] {
  if (Math.max(before.length, after.length) > mostRowChanges) return [{ kind: 'table', model }];
  const afterByKey = new Map(after.map((row) => [primaryKeyOf(model, row), row]));
  const changes: Change[] = before.map((row) => {
    const key = primaryKeyOf(model, row);
    const now = afterByKey.get(key);
    afterByKey.delete(key);
    return { kind: 'row', model, before: row, after: now };
  });
  for (const row of afterByKey.values()) changes.push({ kind: 'row', model, before: undefined, after: row });
  return changes;
}
