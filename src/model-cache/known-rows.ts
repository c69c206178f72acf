import { runInFrame, type DependencyFrame } from '../cache/dependency-frame.js';
import { areFound, keysFromOwn, keysFromRows, type KeyQuery } from '../invalidation/path-keys.js';
import { pathRows, type PathRows, type QueryRead } from '../invalidation/path-rows.js';
import {
  areFew,
  dependenciesOfPath,
  dependenciesOfQuery,
  keysByCondition,
  pinOf,
  type KnownValues,
  type Pin,
} from '../invalidation/query-dependencies.js';
import { readCells } from '../query/reads/read-cells.js';
import type { Cell } from '../schema/cell.js';
import type { ColumnSchema } from '../schema/model-schema.js';
import type { QueryState } from '../schema/query-state.js';
import type { ModelCache } from './model-cache.js';

/** What a read is known to depend on before anything is read. The rest is found by `recordKnownRows`. */
export function knownDependencies(read: QueryRead): readonly string[] {
  const pin = pinOf(read);
  return dependenciesBefore(read, pin && { column: pin.column, cells: [] });
}

/** Without the rows that paths lead to, where they are found later. */
function dependenciesBefore(read: QueryRead, own: KnownValues | undefined): readonly string[] {
  const keysOf = (rows: PathRows): readonly Cell[] | undefined =>
    areFound(read, rows) ? (keysByCondition(read, rows, own) ?? []) : undefined;
  return dependenciesOfQuery(read, { own, keysOf });
}

/**
 * Records the rows that a read depends on, where only a table can tell which they are: those of its own table that are
 * related to some rows, and those that its foreign keys lead to. Asks for them first and acquires their stamps, all
 * before the read itself. As long as the answers hold, no other rows can play a part.
 */
export async function recordKnownRows(cache: ModelCache, read: QueryRead, frame: DependencyFrame): Promise<void> {
  if (frame.taint !== undefined) return;
  const pin = pinOf(read);
  const own = pin && (await ownValues(pin));
  if (pin) await record(cache, frame, dependenciesBefore(read, own));
  await recordPaths(cache, read, { frame, own });
}

/** Asks in the frame, which so depends on the answer. */
async function ownValues(pin: Pin): Promise<KnownValues | undefined> {
  const cells = await valuesOf(pin.query, pin.selected);
  return areFew(cells) ? { column: pin.column, cells } : undefined;
}

/** NOTE: one after the other; the rows that a step leads from are recorded before their foreign keys are read. */
async function recordPaths(
  cache: ModelCache,
  read: QueryRead,
  { frame, own }: { readonly frame: DependencyFrame; readonly own: KnownValues | undefined },
): Promise<void> {
  const keys = new Map<string, readonly Cell[]>();
  for (const rows of pathRows(read)) {
    const stated = keysByCondition(read, rows, own);
    const cells = stated ?? (await keysAlong(read, rows, keys.get(rows.from)));
    if (cells) keys.set(rows.name, cells);
    if (!stated && areFound(read, rows)) await record(cache, frame, dependenciesOfPath(rows, cells));
  }
}

/** The keys that a step leads to; undefined where they are too many, or not to be found. */
async function keysAlong(
  read: QueryRead,
  rows: PathRows,
  from: readonly Cell[] | undefined,
): Promise<readonly Cell[] | undefined> {
  if (!areFound(read, rows) || (rows.from !== '' && !from)) return undefined;
  const cells = await keysBy(from ? keysFromRows(rows, from) : keysFromOwn(read, rows));
  return areFew(cells) ? cells : undefined;
}

/** NOTE: outside of the frame, which has the stamps of everything that this depends on: see `invalidation/path-keys.ts`. */
function keysBy({ query, column }: KeyQuery): Promise<readonly Cell[]> {
  return runInFrame(undefined, () => valuesOf(query, column));
}

/** The values that a column has in the rows of a query, each once, without null. */
async function valuesOf(query: QueryState, selected: ColumnSchema): Promise<readonly Cell[]> {
  const columns = [{ path: [], column: selected }];
  const rows = await readCells({ ...query, caching: false }, { kind: 'columns', columns }, 'fetch');
  return [...new Set(rows.map(([cell = null]) => cell))].filter((cell) => cell !== null);
}

async function record(cache: ModelCache, frame: DependencyFrame, names: readonly string[]): Promise<void> {
  const stampKeys = cache.stampKeys(names);
  const stamps = await cache.engine.acquire(stampKeys);
  if (stamps) frame.record(cache.engine, stampKeys, stamps);
  else frame.spoil('the store failed');
}
