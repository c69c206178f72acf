import { isInProcess, type CacheStore, type CacheWrite, type InProcessStore } from '../store/cache-store.js';
import type { Awaitable } from '../support/awaitable.js';
import type { StoreOperation } from './flaky-store.js';

/**
 * Counts for each operation of a store. In process there are two more ways: a `held` or `heldAt` counts as a `peek`, a `hold` as a
 * `write`.
 */
export type StoreCounts = Record<StoreOperation | 'peek', number>;

/** A store in front of another one that counts what is asked of it. In process where the other one is. */
export class CountingStore implements CacheStore {
  readonly name: string;
  /** How often each operation was asked for: the round trips. */
  readonly calls: StoreCounts = noCounts();
  /** How many keys each operation was asked for in all. */
  readonly keys: StoreCounts = noCounts();
  declare readonly peek?: InProcessStore['peek'];
  declare readonly held?: InProcessStore['held'];
  declare readonly heldAt?: InProcessStore['heldAt'];
  declare readonly hold?: InProcessStore['hold'];
  /** Counts for nothing. */
  declare readonly list?: NonNullable<CacheStore['list']>;
  readonly #store: CacheStore;

  constructor(store: CacheStore) {
    this.name = store.name;
    this.#store = store;
    const list = store.list?.bind(store);
    if (list) this.list = list;
    if (isInProcess(store)) {
      this.peek = (key) => {
        this.#count('peek', 1);
        return store.peek(key);
      };
      this.held = (key) => {
        this.#count('peek', 1);
        return store.held(key);
      };
      this.heldAt = (prefix, id) => {
        this.#count('peek', 1);
        return store.heldAt(prefix, id);
      };
      this.hold = (key, held) => {
        this.#count('write', 1);
        store.hold(key, held);
      };
    }
  }

  /** The number of calls of all operations. */
  get total(): number {
    return Object.values(this.calls).reduce((sum, calls) => sum + calls, 0);
  }

  /** Starts counting from zero. */
  reset(): void {
    Object.assign(this.calls, noCounts());
    Object.assign(this.keys, noCounts());
  }

  read(keys: readonly string[]): Awaitable<(string | undefined)[]> {
    this.#count('read', keys.length);
    return this.#store.read(keys);
  }

  acquire(requests: readonly CacheWrite[]): Awaitable<(string | undefined)[]> {
    this.#count('acquire', requests.length);
    return this.#store.acquire(requests);
  }

  write(entries: readonly CacheWrite[]): Awaitable<void> {
    this.#count('write', entries.length);
    return this.#store.write(entries);
  }

  drop(keys: readonly string[]): Awaitable<void> {
    this.#count('drop', keys.length);
    return this.#store.drop(keys);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #count(operation: keyof StoreCounts, keys: number): void {
    this.calls[operation] += 1;
    this.keys[operation] += keys;
  }
}

function noCounts(): StoreCounts {
  return { peek: 0, read: 0, acquire: 0, write: 0, drop: 0 };
}
