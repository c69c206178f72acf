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

/** Changes with every change of the text below; an entry of another version is a miss. */
const formatVersion = 1;
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
    dependencies ?? 0,
    payload,
  ];
  if (softExpiresAt !== undefined) parts.push(softExpiresAt - createdAt);
  return JSON.stringify(parts);
}

/** The entry in a text, or undefined for anything that `encodeEntry` of this version did not write. */
export function decodeEntry(text: string): Entry | undefined {
  if (!text.startsWith(opening)) return undefined;
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  return parts.length === 7 || (parts.length === 8 && isSoftLife(parts[7])) ? fromParts(parts) : undefined;
}

function fromParts(parts: readonly unknown[]): Entry | undefined {
  // NOTE: by index, since destructuring goes through an iterator, on the way of each hit
  const createdAt = parts[1];
  const lifeMs = parts[2];
  const costMs = parts[3];
  const stamps = parts[4];
  const dependencies = parts[5];
  const payload = parts[6];
  const softMs = parts[7];
  if (typeof createdAt !== 'number' || typeof lifeMs !== 'number' || typeof costMs !== 'number') return undefined;
  if (typeof stamps !== 'string' || !isDependencies(dependencies)) return undefined;
  return {
    createdAt,
    expiresAt: createdAt + lifeMs,
    softExpiresAt: typeof softMs === 'number' ? createdAt + softMs : undefined,
    costMs,
    stamps: stamps.split(' '),
    dependencies: dependencies === 0 ? undefined : dependencies,
    payload,
  };
}

function isSoftLife(value: unknown): boolean {
  return typeof value === 'number' && value > 0;
}

function isDependencies(value: unknown): value is 0 | string[] {
  return value === 0 || (Array.isArray(value) && value.every((name) => typeof name === 'string'));
}
