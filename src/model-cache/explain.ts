import type { Entry } from '../cache/entry.js';
import type { Found } from '../cache/found.js';

/** What the cache would answer for one key now, and why. */
export interface Explanation {
  readonly state: 'hit' | 'miss' | 'bypass';
  /** In words. */
  readonly reason: string;
  /** How old the entry is, in ms; undefined where there is none. */
  readonly ageMs: number | undefined;
  /** How long it may still live, in ms. */
  readonly ttlMs: number | undefined;
  /** Its size as text. */
  readonly bytes: number | undefined;
  /** What it depends on. */
  readonly dependencies: readonly string[];
}

const reasons = {
  absent: 'nothing is stored under this key',
  expired: 'the entry has reached its ttl',
  invalidated: 'something it depends on was written since it was stored',
  unreadable: 'what is stored under this key is not an entry of this version',
} as const;

export function explainFound(found: Found, dependencies: readonly string[], nowMs: number): Explanation {
  if (found.state === 'bypass') return describe(found.state, found.reason, dependencies);
  if (found.state === 'miss') {
    return { ...describe(found.state, reasons[found.reason], dependencies), ...facts(found.entry, nowMs) };
  }
  const valid = describe(found.state, 'every stamp it was stored under is still current', dependencies);
  return { ...valid, ...facts(found.entry, nowMs), bytes: found.bytes };
}

function describe(state: Explanation['state'], reason: string, dependencies: readonly string[]): Explanation {
  return { state, reason, ageMs: undefined, ttlMs: undefined, bytes: undefined, dependencies };
}

function facts(entry: Entry | undefined, nowMs: number): { ageMs: number | undefined; ttlMs: number | undefined } {
  return { ageMs: entry && nowMs - entry.createdAt, ttlMs: entry && Math.max(0, entry.expiresAt - nowMs) };
}
