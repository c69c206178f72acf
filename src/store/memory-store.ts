import { LRUCache } from 'lru-cache';
import { UsageError } from '../errors.js';
import { systemClock, type Clock } from '../support/clock.js';
import type { CacheWrite, InProcessStore } from './cache-store.js';
import { entryOverheadBytes, textBytes } from './text-bytes.js';

/** How much a {@link MemoryStore} may hold; what was used least recently goes first. */
export interface MemoryStoreOptions {
  /** Default 100,000. */
  readonly maxEntries?: number | undefined;
  /** Keys, texts and bookkeeping together; default 64 MiB. A single text that exceeds it is not kept. */
  readonly maxBytes?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** A Map of V8 takes no more. */
const mostEntries = 2 ** 24;

interface Kept {
  readonly value: string | object;
  /** Milliseconds since 1970; Infinity for what has no ttl. */
  readonly expiresAt: number;
}

/**
 * Keeps texts in this process, bounded by number and bytes.
 *
 * NOTE: the time of expiry lies beside the text instead of in lru-cache's own ttl arrays: as fast, exact to the
 * millisecond on the injected clock, and nothing is reserved for entries that are not there.
 */
export class MemoryStore implements InProcessStore {
  readonly name = 'memory';
  readonly #kept: LRUCache<string, Kept>;
  readonly #clock: Clock;

  constructor(options: MemoryStoreOptions = {}) {
    const { maxEntries = 100_000, maxBytes = 64 * 1024 * 1024, clock = systemClock } = options;
    this.#kept = new LRUCache({
      max: bound('maxEntries', maxEntries, mostEntries),
      maxSize: bound('maxBytes', maxBytes, Number.MAX_SAFE_INTEGER),
    });
    this.#clock = clock;
  }

  /** How many texts are held; some of them may have expired. */
  get entries(): number {
    return this.#kept.size;
  }

  /** The memory that is counted for them: exact for the characters, a measured constant for the bookkeeping. */
  get bytes(): number {
    return this.#kept.calculatedSize;
  }

  peek(key: string): string | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || typeof kept.value !== 'string') return undefined;
    if (kept.expiresAt === Infinity || this.#clock.now() < kept.expiresAt) return kept.value;
    this.#kept.delete(key);
    return undefined;
  }

  held(key: string): unknown {
    return this.#kept.get(key)?.value;
  }

  hold(key: string, value: object, { bytes, ttlMs }: { readonly bytes: number; readonly ttlMs: number }): void {
    this.#keep(key, value, { bytes, ttlMs });
  }

  read(keys: readonly string[]): (string | undefined)[] {
    const texts: (string | undefined)[] = [];
    for (const key of keys) texts.push(this.peek(key));
    return texts;
  }

  acquire(requests: readonly CacheWrite[]): (string | undefined)[] {
    for (const request of requests) {
      if (this.peek(request.key) === undefined) this.write([request]);
    }
    return requests.map((request) => this.peek(request.key));
  }

  write(entries: readonly CacheWrite[]): void {
    for (const { key, value, ttlMs } of entries) this.#keep(key, value, { bytes: textBytes(value), ttlMs });
  }

  drop(keys: readonly string[]): void {
    for (const key of keys) this.#kept.delete(key);
  }

  async close(): Promise<void> {
    this.#kept.clear();
  }

  #keep(
    key: string,
    value: string | object,
    { bytes, ttlMs }: { readonly bytes: number; readonly ttlMs: number },
  ): void {
    const expiresAt = ttlMs === 0 ? Infinity : this.#clock.now() + ttlMs;
    const size = entryOverheadBytes + textBytes(key) + bytes;
    this.#kept.set(key, { value, expiresAt }, { size });
  }
}

function bound(option: string, value: number, most: number): number {
  if (Number.isSafeInteger(value) && value > 0 && value <= most) return value;
  throw new UsageError(`${option} of a memory store must be a whole number from 1 to ${most}; got ${value}`);
}
