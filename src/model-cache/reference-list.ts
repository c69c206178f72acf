import { currentFrame } from '../cache/dependency-frame.js';
import { touchedByRow } from '../changes/touched-by-row.js';
import { scopeOfRead } from '../invalidation/query-dependencies.js';
import type { ObservedQuery } from '../query/query-observer.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';
import type { QueryState } from '../schema/query-state.js';
import type { ModelCache } from './model-cache.js';
import type { RowRead } from './row-cache.js';

const mostAttempts = 4;

/** The same read, of keys alone: what a list that is kept by reference depends on. */
export function asKeys(query: ObservedQuery): ObservedQuery {
  const { primaryKey } = query.state.model;
  return { ...query, shown: [{ path: [], column: primaryKey }], identity: () => `keys ${query.identity()}` };
}

/**
 * Whether a list is kept as the keys of its rows, which then come from their own entries: where somebody asked for that
 * or the model has volatile columns, and the list outlives changes of its rows. All other lists are kept whole, since
 * one entry is read faster than many: `tools/measure-lists.ts` says by how much.
 */
export function isKeptByReference(query: ObservedQuery): boolean {
  const { model } = query.state;
  if (query.operation !== 'fetch' || model.isPairs || !isWanted(query.state)) return false; // NOTE: pairs have no key each
  const shows = (index: number): boolean => query.shown[index]?.column === model.columns[index];
  const isOwn = query.shown.every(({ path }, index) => path.length === 0 && shows(index));
  const showsRows = query.shown.length === model.columns.length && isOwn; // NOTE: values() may name columns in any order
  return showsRows && scopeOfRead(asKeys(query)) !== 'any';
}

function isWanted({ model, caching }: QueryState): boolean {
  const rows = caching ? caching.rows : undefined;
  return rows === undefined ? touchedByRow(model).volatile.size > 0 : rows === 'reference';
}

/** Where a list's keys come from: the cache, or a run of the query, which gives the whole rows too. */
export interface KeyList {
  /** The keys, from the cache if they are valid. */
  keys(told: KeySource): Promise<readonly Row[]>;
  /** The keys that it had lately; remembered between reads. */
  readonly hint: KeyHint;
}

/** Is told where keys came from, before they come. Neither, where somebody else's run of the query gave them. */
export interface KeySource {
  /** From the cache. */
  onHit(): void;
  /** From a run of the query that this call began; it gave these rows. */
  onRows(rows: readonly Row[]): void;
}

/** Only a hint: the keys count once the list itself was found to have them. */
export interface KeyHint {
  keys: readonly Cell[] | undefined;
}

/**
 * The rows of a list that is kept by reference; undefined where it keeps changing. Keys and rows are asked for in one
 * tick, so in one command, and hold at one moment: the answer is one that the query gave at some time, never a mixture.
 */
export async function readByReference(
  cache: ModelCache,
  { state: { model } }: ObservedQuery,
  list: KeyList,
): Promise<readonly Row[] | undefined> {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const rows = await tryOnce(cache, model, list);
    if (rows) return rows;
  }
  return undefined;
}

async function tryOnce(cache: ModelCache, model: ModelSchema, list: KeyList): Promise<readonly Row[] | undefined> {
  let own: readonly Row[] | undefined;
  let isHit = false;
  const keys = list.keys({ onHit: () => (isHit = true), onRows: (rows) => (own = rows) });
  const hinted = list.hint.keys;
  const [listed, reads] = await Promise.all([keys, hinted && readRows(cache, model, hinted)]);
  const isSame = areSame(listed, hinted);
  if (!isSame) list.hint.keys = listed.map(([key = null]) => key);
  // NOTE: a computation around this one must depend on each row, which only reading them by key notes
  if (own && !currentFrame()) {
    // NOTE: these rows cannot be kept, since stamps of rows have to be acquired before they are read
    await readRows(cache, model, list.hint.keys ?? []);
    return own;
  }
  // NOTE: keys that a run gave are newer than the rows beside them, which may have looked otherwise then
  return isHit && isSame ? cachedRows(reads ?? []) : undefined;
}

function areSame(listed: readonly Row[], hinted: readonly Cell[] | undefined): boolean {
  return listed.length === hinted?.length && listed.every(([key], index) => key === hinted[index]);
}

async function readRows(cache: ModelCache, model: ModelSchema, keys: readonly Cell[]): Promise<readonly RowRead[]> {
  return cache.rows(model).readMany(keys);
}

/** Undefined unless every row is there and came from the cache: one that was loaded is newer than the list, maybe no part of it. */
function cachedRows(reads: readonly RowRead[]): readonly Row[] | undefined {
  const rows = reads.flatMap(({ row, isLoaded }) => (row && !isLoaded ? [row] : []));
  return rows.length === reads.length ? rows : undefined;
}
