/**
 * What a store keeps: a value with the stamps it was computed under. An entry is a hit while every one of its stamps is
 * still the current one; nothing else says whether it is fresh.
 */
export interface Entry {
  /** When it was stored, in ms since 1970. */
  readonly createdAt: number;
  /** When it ends at the latest. */
  readonly expiresAt: number;
  /** From when on it is to be made again while it is still served; undefined where never. */
  readonly softExpiresAt: number | undefined;
  /** How long the value took to make, in ms; early refresh is weighed by it. */
  readonly costMs: number;
  /** The stamps, aligned with the dependencies. */
  readonly stamps: readonly string[];
  /** The dependencies without the key prefix, where the key alone does not tell them. */
  readonly dependencies: readonly string[] | undefined;
  /** JSON-safe. `null` is a value like any other: a row that does not exist. */
  readonly payload: unknown;
}

/** Stamps as one text, which is how they are kept. */
export function joinStamps(stamps: readonly string[]): string {
  return stamps.join(' ');
}

/** Hardly any name of a dependency has it, and JSON writes it as it is. */
const separator = '\x7f';

/** Names as one text, since a hit reads them only where something is computed from it; as a list where one has the separator. */
function joinNames(names: readonly string[]): string | readonly string[] {
  return names.some((name) => name.includes(separator)) ? names : names.join(separator);
}

/** Changes with every change of the text below; an entry of another version is a miss. */
const formatVersion = 2;
const opening = `[${formatVersion},`;

/**
 * An entry as text: one JSON array, no names, since that decodes fastest and is smallest. The soft life stands at the
 * end and only where there is one; a reader that does not know of it takes the entry for a miss.
 */
export function encodeEntry(entry: Entry): string {
  const { createdAt, expiresAt, softExpiresAt, costMs, stamps, dependencies, payload } = entry;
  const parts = [
    formatVersion,
    createdAt,
    expiresAt - createdAt,
    costMs,
    joinStamps(stamps),
    dependencies ? joinNames(dependencies) : 0,
    payload,
  ];
  if (softExpiresAt !== undefined) parts.push(softExpiresAt - createdAt);
  return JSON.stringify(parts);
}

/** The entry in a text, or undefined for anything that `encodeEntry` of this version did not write. */
export function decodeEntry(text: string): DecodedEntry | undefined {
  if (!text.startsWith(opening)) return undefined;
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return undefined;
  }
  return Array.isArray(parts) && isEntry(parts) ? new DecodedEntry(parts) : undefined;
}

/** What an entry is as text. */
type EntryParts = readonly [
  version: number,
  createdAt: number,
  lifeMs: number,
  costMs: number,
  stamps: string,
  dependencies: 0 | string | string[],
  payload: unknown,
  softMs?: number,
];

/**
 * An entry that was read from its text.
 *
 * NOTE: a class, as all that hits make: where many literals of one place were alive at a garbage collection, V8 makes the
 * later ones old from the start, and they keep what they refer to until the next full collection.
 */
export class DecodedEntry implements Entry {
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly softExpiresAt: number | undefined;
  readonly costMs: number;
  readonly payload: unknown;
  readonly #joined: string;
  readonly #names: 0 | string | readonly string[];
  #stamps: readonly string[] | undefined;

  constructor(parts: EntryParts) {
    // NOTE: by index, since destructuring goes through an iterator, on the way of each hit
    const createdAt = parts[1];
    const softMs = parts[7];
    this.createdAt = createdAt;
    this.expiresAt = createdAt + parts[2];
    this.softExpiresAt = softMs === undefined ? undefined : createdAt + softMs;
    this.costMs = parts[3];
    this.#joined = parts[4];
    this.#names = parts[5];
    this.payload = parts[6];
  }

  get stamps(): readonly string[] {
    this.#stamps ??= this.#joined.split(' ');
    return this.#stamps;
  }

  get dependencies(): readonly string[] | undefined {
    const names = this.#names;
    if (names === 0) return undefined;
    if (typeof names !== 'string') return names;
    return names === '' ? [] : names.split(separator);
  }

  /** The whole check of a hit, without a list of the stamps: these are the current ones, which begin at `from`. */
  isUnder(current: readonly (string | undefined)[], from: number): boolean {
    const joined = this.#joined;
    let end = -1; // of the stamp before
    for (let index = from; index < current.length; index++) {
      const stamp = current[index];
      if (stamp === undefined || (end >= 0 && joined[end] !== ' ')) return false;
      if (!joined.startsWith(stamp, end + 1)) return false;
      end += 1 + stamp.length;
    }
    return end === joined.length;
  }
}

function isEntry(parts: readonly unknown[]): parts is EntryParts {
  if (parts.length !== 7 && !(parts.length === 8 && isSoftLife(parts[7]))) return false;
  if (typeof parts[1] !== 'number' || typeof parts[2] !== 'number' || typeof parts[3] !== 'number') return false;
  return typeof parts[4] === 'string' && isDependencies(parts[5]);
}

function isSoftLife(value: unknown): boolean {
  return typeof value === 'number' && value > 0;
}

function isDependencies(value: unknown): value is 0 | string | string[] {
  return (
    value === 0 ||
    typeof value === 'string' ||
    (Array.isArray(value) && value.every((name) => typeof name === 'string'))
  );
}
