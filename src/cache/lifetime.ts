import type { Entry } from './entry.js';

const jitter = 0.1;

/** The life of a new entry: `ttlMs` ± 10 %, so that what was stored together does not end together. */
export function jitteredTtl(ttlMs: number, random: () => number = Math.random): number {
  return Math.max(1, Math.round(ttlMs * (1 - jitter + 2 * jitter * random())));
}

/** The least that `jitteredTtl` makes of a ttl. */
function shortestTtl(ttlMs: number): number {
  return jitteredTtl(ttlMs, () => 0);
}

/**
 * Whether this reader should make the value again before it ends, while others still get the old one. The chance rises
 * towards the end, the earlier the longer the value takes to make and the greater the eagerness, which may be 0: XFetch
 * (Vattani, Chierichetti, Lowenstein, VLDB 2015).
 */
export function isDueEarly(entry: Entry, nowMs: number, random: () => number = Math.random, eagerness = 1): boolean {
  const remainingMs = entry.expiresAt - nowMs;
  const weightMs = entry.costMs * eagerness;
  if (remainingMs > weightMs * 40) return false; // chance below e^-40
  return weightMs * -Math.log(random()) >= remainingMs;
}

/** Whether what is computed from a value must end with it. One that lives shorter than its ttl was limited itself. */
export function endsOthers(
  { limitsOthers, ttlMs }: { readonly limitsOthers: boolean; readonly ttlMs: number },
  dependencies: number,
  lifeMs: number,
): boolean {
  return limitsOthers || dependencies === 0 || lifeMs < shortestTtl(ttlMs);
}
