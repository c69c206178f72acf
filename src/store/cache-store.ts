import type { Awaitable } from '../support/awaitable.js';
import type { Held } from './held.js';

/** By what an entry is found again without its key. */
export interface CacheNote {
  /** The key of the list that it stands in. Nothing else lies under this key. */
  readonly list: string;
  /** What the list says of it: always the same for one key. */
  readonly text: string;
}

/** An entry as a list has it. */
export interface Listed {
  readonly key: string;
  /** The text of its note. */
  readonly text: string;
}

export interface ListPage {
  readonly items: readonly Listed[];
  /** What to ask the next page after; undefined where there is none. */
  readonly next: string | undefined;
}

/** A value to keep under a key. */
export interface CacheWrite {
  readonly key: string;
  /** Encoded text, opaque to the store. */
  readonly value: string;
  /** Milliseconds until the store may forget it; 0 keeps it until it is dropped or evicted. */
  readonly ttlMs: number;
  /** Only for `write`; a store that cannot list ignores it. */
  readonly note?: CacheNote | undefined;
}

/** Texts in the order of their keys, undefined where there is none. */
export type Texts = readonly (string | undefined)[];

/** Hears why there is no answer. */
export type Reject = (error: unknown) => void;

/**
 * Where entries and stamps live. A store knows nothing of what they mean: it keeps texts under keys, may forget any of
 * them at any time, and must never bring back a text that was dropped or replaced.
 *
 * Every implementation passes `describeCacheStore` of `moneyclip/testing`. A store answers with a value or a promise;
 * it rejects with any error when it cannot answer, and never blocks for long (the caller adds deadlines).
 */
export interface CacheStore {
  /** A short name for statistics and messages, such as `memory` or `redis`. */
  readonly name: string;

  /** The texts under `keys` in their order, `undefined` where there is none. One round trip, whatever the number. */
  read(keys: readonly string[]): Awaitable<(string | undefined)[]>;

  /**
   * The same by callbacks, one of which is called, and once; they do not throw. Left out by a store whose answers take so
   * long that the promises which this saves do not matter.
   */
  request?(keys: readonly string[], resolve: (texts: readonly (string | undefined)[]) => void, reject: Reject): void;

  /**
   * Puts each text where its key is empty, then answers what is there now, in order: the own text or the one that was
   * there before. `undefined` where that cannot be told (dropped in between): the caller must not rely on it. One round trip.
   */
  acquire(requests: readonly CacheWrite[]): Awaitable<(string | undefined)[]>;

  /** Keeps each text under its key, replacing what was there. One round trip. */
  write(entries: readonly CacheWrite[]): Awaitable<void>;

  /**
   * A page of the keys that were written with a note of a list, in any order that stays the same, without those that
   * have expired; keys that were dropped may be among them. Left out by a store that cannot list. One round trip.
   */
  list?(list: string, page: { readonly after: string | undefined; readonly limit: number }): Awaitable<ListPage>;

  /** Forgets the keys. When it has resolved no reader can get the old texts any more. One round trip. */
  drop(keys: readonly string[]): Awaitable<void>;

  /** The same by callbacks, as `request` is of `read`. */
  requestDrop?(keys: readonly string[], resolve: () => void, reject: Reject): void;

  /** Lets go of connections that the store opened itself, after what is in flight. */
  close(): Promise<void>;
}

/**
 * A store in this very process: it answers at once, so that a hit costs no promise, and holds objects as they are, so
 * that a hit need not decode them. Whoever has a `Held` can tell without a look-up whether it is still there.
 */
export interface InProcessStore extends CacheStore {
  /** The text under `key` now, without I/O. */
  peek(key: string): string | undefined;
  /** What lies under `key`, even past its ttl: the caller judges by what it says of itself. */
  held(key: string): Held | undefined;
  /** The same as `held(prefix + id)`, for a prefix that ends in `:` and a whole number from 0 to 999,999,999. */
  heldAt(prefix: string, id: number): Held | undefined;
  /**
   * Keeps an object that was never held before, until it is dropped or replaced or room is needed. `read` and `peek` do
   * not show it, unless it is a text of this store.
   */
  hold(key: string, held: Held): void;
  read(keys: readonly string[]): (string | undefined)[];
  acquire(requests: readonly CacheWrite[]): (string | undefined)[];
  write(entries: readonly CacheWrite[]): void;
  drop(keys: readonly string[]): void;
}

/** Tells whether a store answers at once. */
export function isInProcess(store: CacheStore): store is InProcessStore {
  return 'peek' in store;
}
