import { UsageError } from '../errors.js';
import type { Held } from '../cache/call.js';
import type { Listed } from '../store/cache-store.js';
import type { ModelCache } from '../model-cache/model-cache.js';
import { argumentsIn } from './argument-text.js';
import { canonical } from './canonical.js';
import { rejectUnknownOptions } from './keeping.js';
import type { JobTarget } from './later.js';
import { nearest } from '../support/nearest.js';
import { findTarget, targetsOf } from './perform-job.js';

/** Which entries are wanted. */
export interface EntriesQuery {
  /** The label of a function, a node or a method, such as `library.Author.bookCount`; default: all that this process knows. */
  readonly label?: string;
  /** Only calls with these arguments, by their names or by their places: `{ category: 3 }`, `{ 0: 3 }`. Needs `label`. */
  readonly where?: Readonly<Record<string, unknown>>;
  /** `next` of the page before. */
  readonly after?: string;
  /** How many at most; default: 100. */
  readonly limit?: number;
}

/** A live entry: what a call would be answered now. */
export interface ListedEntry {
  readonly label: string;
  /** The key as people read it. */
  readonly key: string;
  /** Those of the call; of a method, its instance first. */
  readonly args: readonly unknown[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** From when on it is computed again while it is still served; undefined without `softTtl`. */
  readonly softExpiresAt: Date | undefined;
  /** True where it is served only until it has been computed again. */
  readonly stale: boolean;
  /** Its size as text; undefined for an outdated one. */
  readonly bytes: number | undefined;
  /** How often this process answered from it; of values that were not asked for lately, 0. */
  readonly hits: number;
}

export interface EntriesPage {
  readonly entries: readonly ListedEntry[];
  /** What to ask the next page after; undefined at the end. */
  readonly next: string | undefined;
}

const where = 'db.entries()';
const mostPerPage = 1_000;

/** A page of live entries. Throws UsageError for a wrong query, an unknown label and a store that cannot list. */
export async function listEntries(cache: ModelCache, query: EntriesQuery): Promise<EntriesPage> {
  const { label, limit, wanted, after } = checked(query);
  const labels = label === undefined ? targetsOf(cache.connection.name).map((target) => target.label) : [label];
  const rest = after ? labels.slice(labels.indexOf(after.label)) : labels;
  const entries: ListedEntry[] = [];
  for (const [index, each] of rest.entries()) {
    let position = each === after?.label ? after.position : undefined;
    do {
      const page = await heldEntries(cache, targetOf(each, cache), { after: position, limit: limit - entries.length });
      entries.push(...page.entries.filter((entry) => agrees(entry, wanted)).map(toListed));
      position = page.next;
      if (entries.length < limit) continue; // NOTE: which looks at the condition of the loop
      return { entries, next: cursor(position === undefined ? rest[index + 1] : each, position) };
    } while (position !== undefined);
  }
  return { entries, next: undefined };
}

/** An entry with what found it. */
export interface HeldEntryOfTarget {
  readonly target: JobTarget;
  readonly args: readonly unknown[];
  readonly held: Held<unknown>;
}

/** What a page of the list of a target's entries comes to, without those that are no longer there. */
export async function heldEntries(
  cache: ModelCache,
  target: JobTarget,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<{ readonly entries: readonly HeldEntryOfTarget[]; readonly next: string | undefined }> {
  const { engine } = cache;
  const listed = await engine.port.store.list?.(engine.keyspace.list(target.label), page);
  if (!listed) {
    throw new UsageError(`${where}: the store '${engine.port.store.name}' cannot list what it keeps; it has no list()`);
  }
  const found = await Promise.all(listed.items.map((item) => heldEntry(target, item)));
  return { entries: found.flatMap((entry) => entry ?? []), next: listed.next };
}

async function heldEntry(target: JobTarget, { key, text }: Listed): Promise<HeldEntryOfTarget | undefined> {
  const args = await argumentsIn(text);
  if (!args || target.entryKey(args) !== key) return undefined;
  const held = await target.held(args);
  return held && { target, args, held };
}

function toListed({ target, args, held }: HeldEntryOfTarget): ListedEntry {
  const { createdAt, expiresAt, softExpiresAt } = held.entry;
  return {
    label: target.label,
    key: target.key(args),
    args,
    createdAt: new Date(createdAt),
    expiresAt: new Date(expiresAt),
    softExpiresAt: softExpiresAt === undefined ? undefined : new Date(softExpiresAt),
    stale: held.stale,
    bytes: held.bytes,
    hits: held.hits,
  };
}

/** Texts of the arguments that are wanted, by their names or places. */
type Wanted = ReadonlyMap<string, string>;

function agrees({ target, args }: HeldEntryOfTarget, wanted: Wanted): boolean {
  if (wanted.size === 0) return true;
  const named = target.named(args);
  return [...wanted].every(([name, text]) => {
    const value = /^\d+$/.test(name) ? args[Number(name)] : named.get(name);
    return canonical(value, where) === text;
  });
}

interface Position {
  readonly label: string;
  readonly position: string | undefined;
}

interface CheckedQuery {
  readonly label: string | undefined;
  readonly limit: number;
  readonly wanted: Wanted;
  readonly after: Position | undefined;
}

function checked(query: EntriesQuery): CheckedQuery {
  if (typeof query !== 'object' || query === null) {
    throw new UsageError(
      `${where}: expected { label, where, after, limit }, got ${query === null ? 'null' : typeof query}`,
    );
  }
  rejectUnknownOptions(where, query, ['label', 'where', 'after', 'limit']);
  const { label, limit = 100, where: wanted = {}, after } = query;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > mostPerPage) {
    throw new UsageError(`${where}: limit must be a whole number from 1 to ${mostPerPage}, got ${String(limit)}`);
  }
  if (label === undefined && Object.keys(wanted).length > 0) {
    throw new UsageError(`${where}: where compares the arguments of one function; say which by label`);
  }
  const texts = Object.entries(wanted).map(([name, value]) => [name, canonical(value, `${where}: where`)] as const);
  return { label, limit, wanted: new Map(texts), after: after === undefined ? undefined : positionIn(after) };
}

function targetOf(label: string, cache: ModelCache): JobTarget {
  const target = findTarget(label);
  if (target) return target;
  const known = targetsOf(cache.connection.name).map((each) => each.label);
  const meant = nearest(label, known);
  throw new UsageError(
    `${where}: nothing is declared under the label '${label}'${meant === undefined ? '' : `; did you mean '${meant}'?`}`,
  );
}

function cursor(label: string | undefined, position: string | undefined): string | undefined {
  return label === undefined ? undefined : JSON.stringify([label, position ?? null]);
}

function positionIn(after: unknown): Position {
  try {
    const [label, position] = JSON.parse(String(after)) as [unknown, unknown];
    if (typeof label === 'string') return { label, position: typeof position === 'string' ? position : undefined };
  } catch {
    // as below
  }
  throw new UsageError(`${where}: after must be what the page before gave as next`);
}
