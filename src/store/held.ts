import type { CacheNote } from './cache-store.js';

const nothing: readonly Held[] = [];

/** What a store in this process holds under a key. Whoever keeps a reference sees at once when it is there no longer. */
export abstract class Held {
  /** True once it was dropped, replaced or let go, and then for good: what lies under the key later is another one. */
  gone = false;
  /** Whether anybody asked for it since the store last looked for what it can let go. */
  used = false;
  /** How many others that are held rely on this one; while there are any, the store does not let it go to make room. */
  reliedOnBy = 0;
  /** What it counts as, besides its key and the bookkeeping; always the same. */
  abstract readonly bytes: number;

  /** By what it is found without its key; always the same. */
  get note(): CacheNote | undefined {
    return undefined;
  }

  /** What this one is worth nothing without. */
  get reliesOn(): readonly Held[] {
    return nothing;
  }
}
