/** What happened to one model's rows or to one computed value since the connection was opened. */
export interface Counters {
  /** Answered from the cache. */
  hits: number;
  /** Looked for in the cache, not found valid, read from the database. */
  misses: number;
  /** Read from the database without asking the cache: in a transaction, switched off, or the store failed. */
  bypasses: number;
  /** Values stored. */
  fills: number;
  /** Values not stored, since they were larger than allowed. */
  tooLarge: number;
  /** Writes that made something of it invalid. */
  invalidations: number;
  /** Bytes of text that hits were decoded from. */
  bytes: number;
}

/** Counters by label. */
export class Statistics {
  readonly #counters = new Map<string, Counters>();

  /** The counters of a label; made on first use. Callers keep them and count up themselves. */
  of(label: string): Counters {
    let counters = this.#counters.get(label);
    if (!counters) {
      counters = { hits: 0, misses: 0, bypasses: 0, fills: 0, tooLarge: 0, invalidations: 0, bytes: 0 };
      this.#counters.set(label, counters);
    }
    return counters;
  }

  /** A copy of all counters. */
  snapshot(): Record<string, Counters> {
    return Object.fromEntries([...this.#counters].map(([label, counters]) => [label, { ...counters }]));
  }
}

/** The sum of several counters. */
export function total(counters: Iterable<Counters>): Counters {
  const sum: Counters = { hits: 0, misses: 0, bypasses: 0, fills: 0, tooLarge: 0, invalidations: 0, bytes: 0 };
  for (const one of counters) {
    sum.hits += one.hits;
    sum.misses += one.misses;
    sum.bypasses += one.bypasses;
    sum.fills += one.fills;
    sum.tooLarge += one.tooLarge;
    sum.invalidations += one.invalidations;
    sum.bytes += one.bytes;
  }
  return sum;
}
