import type { Counters } from '../telemetry/statistics.js';
import type { Capture } from './capture.js';
import type { WriteGuard } from './write-guard.js';

/** What `db.stats().guarantee` holds. */
export interface GuaranteeStats {
  /** Whether this process may take answers from the cache now, as it was seen last. */
  readonly open: boolean;
  /** How often the gate was found closed after it was open. */
  readonly lapses: number;
  /** How often this process took the gate over for another process of Redis. */
  readonly takeOvers: number;
  /** The share of the reads that went past the cache, from 0 to 1. */
  readonly bypassShare: number;
  /** How many writes had to wait until no cache could serve what was there before, and for how long together. */
  readonly waits: number;
  readonly waitedMs: number;
  /** At `verify`: how often the database was asked, and how many reads it kept from the cache. */
  readonly questions: number;
  readonly refusals: number;
}

const neverOpen = { open: false, lapses: 0, takeOvers: 0, questions: 0, refusals: 0 };

/** What happened to reads and writes under a guarantee. */
export function guaranteeStats(
  { hits, misses, bypasses }: Counters,
  { waits, waitedMs }: WriteGuard,
  capture: Capture | undefined,
): GuaranteeStats {
  const reads = hits + misses + bypasses;
  return {
    ...(capture?.gateCounts ?? neverOpen),
    bypassShare: reads === 0 ? 0 : bypasses / reads,
    waits,
    waitedMs: Math.round(waitedMs),
  };
}
