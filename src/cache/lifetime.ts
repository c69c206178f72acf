import type { Entry } from './entry.js';

const jitter = 0.1;

/** The life of a new entry: `ttlMs` ± 10 %, so that what was stored together does not end together. */
export function jitteredTtl(ttlMs: number, random: () => number = Math.random): number {
  return Math.max(1, Math.round(ttlMs * (1 - jitter + 2 * jitter * random())));
}

/** The least that `jitteredTtl` makes of a ttl. */
export function shortestTtl(ttlMs: number): number {
  return jitteredTtl(ttlMs, () => 0);
}

/**
 * Whether this reader should make the value again before it ends, while others still get the old one. The chance rises
 * towards the end, the earlier the longer the value takes to make: XFetch (Vattani, Chierichetti, Lowenstein, VLDB 2015).
 */
export function isDueEarly(entry: Entry, nowMs: number, random: () => number = Math.random): boolean {
  const remainingMs = entry.expiresAt - nowMs;
  if (remainingMs > entry.costMs * 40) return false; // chance below e^-40
  return entry.costMs * -Math.log(random()) >= remainingMs;
}
