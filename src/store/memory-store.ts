import { UsageError } from '../errors.js';
import { systemClock, type Clock } from '../support/clock.js';
import { withoutObject } from '../support/compact.js';
import type { CacheWrite, InProcessStore, Listed, ListPage } from './cache-store.js';
import type { Held } from './held.js';
import { HeldText } from './held-text.js';
import { NotedText } from './noted-text.js';
import { placeOf, Shelves, type Place } from './shelves.js';
import { entryOverheadBytes, textBytes } from './text-bytes.js';

/** How much a {@link MemoryStore} may hold; what was not used lately goes first. */
export interface MemoryStoreOptions {
  /** Default 100,000. */
  readonly maxEntries?: number | undefined;
  /** Keys, texts and bookkeeping together; default 64 MiB. A single text that exceeds it is not kept. */
  readonly maxBytes?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** A Map of V8 takes no more. */
const mostEntries = 2 ** 24;

/**
 * Keeps texts in this process, bounded by number and bytes.
 *
 * NOTE: it makes room by second chances (CLOCK): a hand goes round, passes over what was used since it came by last,
 * and lets the others go. A use then is one assignment, where a list in the order of use takes several, and pointers
 * in each entry.
 */
export class MemoryStore implements InProcessStore {
  readonly name = 'memory';
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #clock: Clock;
  /** Times are counted from here: V8 keeps numbers of less than 2 ** 31 (25 days) without an object of their own. */
  readonly #startedAt: number;
  readonly #shelves = new Shelves();
  readonly #hand = this.#shelves.rounds();
  #entries = 0;
  #bytes = 0;

  constructor(options: MemoryStoreOptions = {}) {
    const { maxEntries = 100_000, maxBytes = 64 * 1024 * 1024, clock = systemClock } = options;
    this.#maxEntries = bound('maxEntries', maxEntries, mostEntries);
    this.#maxBytes = bound('maxBytes', maxBytes, Number.MAX_SAFE_INTEGER);
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  /** How many texts are held; some of them may have expired. */
  get entries(): number {
    return this.#entries;
  }

  /** The memory that is counted for them: exact for the characters, a measured constant for the bookkeeping. */
  get bytes(): number {
    return this.#bytes;
  }

  peek(key: string): string | undefined {
    const held = this.held(key);
    if (!(held instanceof HeldText)) return undefined;
    if (held.expiresAt === undefined || this.#now() < held.expiresAt) return held.text;
    this.#letGo(placeOf(key), held);
    return undefined;
  }

  held(key: string): Held | undefined {
    return use(this.#shelves.get(key));
  }

  heldAt(prefix: string, id: number): Held | undefined {
    return use(this.#shelves.at(prefix, id));
  }

  hold(key: string, held: Held): void {
    const place = placeOf(key);
    const before = this.#shelves.at(place.prefix, place.id);
    if (before) this.#letGo(place, before);
    const size = sizeOf(place, held);
    if (size > this.#maxBytes) {
      held.gone = true;
      return;
    }
    this.#makeRoom(size);
    this.#entries += 1;
    this.#bytes += size;
    this.#shelves.set(place, held);
    for (const other of held.reliesOn) other.reliedOnBy += 1;
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
    for (const { key, value, ttlMs, note } of entries) {
      const expiresAt = ttlMs === 0 ? undefined : withoutObject(this.#now() + ttlMs);
      this.hold(key, note ? new NotedText(value, expiresAt, note) : new HeldText(value, expiresAt));
    }
  }

  drop(keys: readonly string[]): void {
    for (const key of keys) {
      const place = placeOf(key);
      const held = this.#shelves.at(place.prefix, place.id);
      if (held) this.#letGo(place, held);
    }
  }

  /** NOTE: it looks at everything that is held: nothing is kept for lists that nobody may ever ask for. */
  list(list: string, { after, limit }: { readonly after: string | undefined; readonly limit: number }): ListPage {
    const found: Listed[] = [];
    for (const [key, held] of this.#shelves.all()) {
      const { note } = held;
      if (note?.list !== list || (after !== undefined && key <= after) || this.#hasExpired(held)) continue;
      found.push({ key, text: note.text });
    }
    const items = found.toSorted((one, other) => (one.key < other.key ? -1 : 1)).slice(0, limit);
    return { items, next: found.length > limit ? items.at(-1)?.key : undefined };
  }

  async close(): Promise<void> {
    while (this.#entries > 0) this.#letGo(...this.#hand.next().value);
  }

  #hasExpired(held: Held): boolean {
    return held instanceof HeldText && held.expiresAt !== undefined && held.expiresAt <= this.#now();
  }

  #now(): number {
    return this.#clock.now() - this.#startedAt;
  }

  /** NOTE: it ends, since what is relied on can go as soon as those that rely on it have gone, and nobody relies on them. */
  #makeRoom(size: number): void {
    while (this.#entries >= this.#maxEntries || this.#bytes + size > this.#maxBytes) {
      const [place, held] = this.#hand.next().value;
      if (!held.used && held.reliedOnBy === 0) this.#letGo(place, held);
      held.used = false;
    }
  }

  #letGo(place: Place, held: Held): void {
    this.#entries -= 1;
    this.#bytes -= sizeOf(place, held);
    this.#shelves.delete(place);
    held.gone = true;
    for (const other of held.reliesOn) other.reliedOnBy -= 1;
  }
}

function use(held: Held | undefined): Held | undefined {
  if (held) held.used = true;
  return held;
}

function sizeOf({ prefix, id }: Place, held: Held): number {
  const noteBytes = held.note ? textBytes(held.note.text) : 0;
  return entryOverheadBytes + textBytes(prefix) + textBytes(String(id)) + held.bytes + noteBytes;
}

function bound(option: string, value: number, most: number): number {
  if (Number.isSafeInteger(value) && value > 0 && value <= most) return value;
  throw new UsageError(`${option} of a memory store must be a whole number from 1 to ${most}; got ${value}`);
}
