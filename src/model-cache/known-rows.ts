import type { DependencyFrame } from '../cache/dependency-frame.js';
import { areFew, dependenciesOfQuery, pinOf, type Pin, type QueryRead } from '../invalidation/query-dependencies.js';
import { readCells } from '../query/reads/read-cells.js';
import type { Cell } from '../schema/cell.js';
import type { ModelCache } from './model-cache.js';

/** What a read is known to depend on before anything is read. The rest is found by `recordKnownRows`. */
export function knownDependencies(read: QueryRead): readonly string[] {
  const pin = pinOf(read);
  return dependenciesOfQuery(read, pin && { column: pin.column, cells: [] });
}

/**
 * Records the rows of its own table that a read depends on, where only another table tells which they are: asks that
 * one first, in the frame, and acquires the stamps of what it answers, all before the read itself. As long as the
 * answer holds, no other rows can play a part.
 */
export async function recordKnownRows(cache: ModelCache, read: QueryRead, frame: DependencyFrame): Promise<void> {
  const pin = frame.taint === undefined ? pinOf(read) : undefined;
  if (!pin) return;
  const cells = await valuesOf(pin);
  const names = dependenciesOfQuery(read, areFew(cells) ? { column: pin.column, cells } : undefined);
  const stampKeys = cache.stampKeys(names);
  const stamps = await cache.engine.acquire(stampKeys);
  if (stamps) frame.record(cache.engine, stampKeys, stamps);
  else frame.spoil('the store failed');
}

async function valuesOf({ query, selected }: Pin): Promise<readonly Cell[]> {
  const columns = [{ path: [], column: selected }];
  const rows = await readCells({ ...query, caching: false }, { kind: 'columns', columns }, 'fetch');
  return [...new Set(rows.map(([cell = null]) => cell))].filter((cell) => cell !== null);
}
