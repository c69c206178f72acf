import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { CacheStore } from '../store/cache-store.js';
import type { Awaitable } from '../support/awaitable.js';

/** The two functions of a test runner such as mocha, jest, vitest or `node:test`. */
export interface ContractRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

/** What is true of a store beyond the interface. */
export interface StoreFacts {
  /** It answers without a promise. */
  readonly inProcess: boolean;
  /** A text is there one millisecond before the end of its ttl and gone one after it. Needs `advance`. */
  readonly exactTtl: boolean;
  /** It has `list`. */
  readonly lists?: boolean;
}

/** A store to be held against the interface. */
export interface CacheStoreContract {
  /** What the tests are called after. */
  readonly name: string;
  /** Opens a store; it is closed after each test. It need not be empty: every test uses keys of its own. */
  readonly open: () => Awaitable<CacheStore>;
  readonly facts: StoreFacts;
  /** Default: the global `describe` and `it`. */
  readonly runner?: ContractRunner;
  /** Moves the store's clock on. Without it the tests wait for real, for some tenths of a second. */
  readonly advance?: (ms: number) => Awaitable<void>;
}

/** One test: what it is called, and what it does to a store that was just opened. */
export type ContractTest = readonly [name: string, body: (bench: Bench) => Promise<void>];

/** A ttl that a test can outlast. */
export const shortMs = 60;

/** What a test has at hand. */
export class Bench {
  readonly store: CacheStore;
  readonly #contract: CacheStoreContract;
  readonly #prefix = `contract:${randomBytes(9).toString('base64url')}:`;

  constructor(store: CacheStore, contract: CacheStoreContract) {
    this.store = store;
    this.#contract = contract;
  }

  get facts(): StoreFacts {
    return this.#contract.facts;
  }

  /** A key that only this test uses. */
  key(name: string): string {
    return this.#prefix + name;
  }

  keys(count: number): string[] {
    return Array.from({ length: count }, (_, index) => this.key(String(index)));
  }

  async write(name: string, value: string, ttlMs = 0): Promise<void> {
    await this.store.write([{ key: this.key(name), value, ttlMs }]);
  }

  async acquire(name: string, value: string, ttlMs = 0): Promise<string | undefined> {
    return (await this.store.acquire([{ key: this.key(name), value, ttlMs }]))[0];
  }

  async read(name: string): Promise<string | undefined> {
    return (await this.store.read([this.key(name)]))[0];
  }

  /** Lets time pass until texts with a ttl of `shortMs` are gone. */
  async outlast(name: string): Promise<void> {
    if (this.#contract.advance) {
      await this.#contract.advance(shortMs + 1);
      return;
    }
    const end = Date.now() + 5_000;
    while (Date.now() < end && (await this.read(name)) !== undefined) await wait(20);
  }

  async advance(ms: number): Promise<void> {
    const { advance } = this.#contract;
    if (!advance) throw new Error("the fact 'exactTtl' can only be tested with 'advance'");
    await advance(ms);
  }
}
