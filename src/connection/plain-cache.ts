import type { CacheEngine } from '../cache/cache-engine.js';
import { UsageError } from '../errors.js';
import { decodeValue, encodeValue } from '../compute/value-codec.js';
import { durationMs, type Duration } from '../support/duration.js';

/** Plain values under a name, kept for a stated time and tied to nothing in the database. */
export class PlainCache {
  readonly #engine: CacheEngine;

  constructor(engine: CacheEngine) {
    this.#engine = engine;
  }

  /** The value, or undefined: never set, ended, deleted, or the store cannot be reached. */
  async get(name: string): Promise<unknown> {
    assertName('get', name);
    const found = await this.#engine.lookup(this.#key(name), this.#stampKeys(name));
    return found.state === 'hit' ? decodeValue(found.entry.payload, found.shared)?.value : undefined;
  }

  /** Keeps a value for `ttl`. Throws UsageError for a value that cannot be stored. */
  async set(name: string, value: unknown, options: { readonly ttl: Duration }): Promise<void> {
    assertName('set', name);
    const { ttl }: { readonly ttl?: Duration } = options ?? {}; // programs without types leave it out
    if (ttl === undefined) {
      throw new UsageError(`db.cache.set('${name}'): say how long the value is kept: { ttl: '1h' }`);
    }
    const payload = encodeValue(value, `db.cache.set('${name}')`);
    const ttlMs = durationMs(ttl, `db.cache.set('${name}'): ttl`);
    const stampKeys = this.#stampKeys(name);
    await this.#engine.drop(stampKeys.slice(0, 1)); // a value that is being set elsewhere must not survive this one
    const stamps = await this.#engine.acquire(stampKeys, undefined, (key) => (key === stampKeys[0] ? 2 * ttlMs : 0));
    if (!stamps) return;
    this.#engine.fill({ key: this.#key(name), stamps, payload, ttlMs, costMs: 0 });
    await this.#engine.drain();
  }

  /** Forgets the value. */
  async delete(name: string): Promise<void> {
    assertName('delete', name);
    await this.#engine.drop(this.#stampKeys(name).slice(0, 1));
  }

  #key(name: string): string {
    return this.#engine.keyspace.entry('plain', name);
  }

  #stampKeys(name: string): string[] {
    const { keyspace } = this.#engine;
    return [keyspace.stamp(`p:${name}`), keyspace.epoch];
  }
}

function assertName(verb: string, name: unknown): void {
  if (typeof name === 'string' && name !== '') return;
  throw new UsageError(
    `db.cache.${verb}(name, …): the name must be a text that is not empty, got ${name === '' ? 'an empty text' : typeof name}`,
  );
}
