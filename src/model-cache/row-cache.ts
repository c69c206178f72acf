import type { CacheEngine } from '../cache/cache-engine.js';
import type { Bypass, Found, Hit, Miss } from '../cache/found.js';
import { currentFrame } from '../cache/dependency-frame.js';
import type { CheckedHit } from '../cache/drift-check.js';
import { Flights } from '../cache/flights.js';
import { isDueEarly, jitteredTtl } from '../cache/lifetime.js';
import { bulkDependency, rowDependency } from '../invalidation/dependencies.js';
import { rowLoader } from '../query/row-loader.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import { cacheChannel, type CacheEvent } from '../telemetry/channels.js';
import type { Counters } from '../telemetry/statistics.js';
import type { ModelCache } from './model-cache.js';
import type { Operation, Policy } from './policy.js';
import { RowAddress, RowKeys } from './row-address.js';

/** A row as it is, from wherever it came. */
export interface RowRead {
  /** Undefined where there is no such row. */
  readonly row: Row | undefined;
  /** The stamps under which it was read; undefined where it was read without any. */
  readonly stamps: readonly string[] | undefined;
  /** True where it came from the database. */
  readonly isLoaded: boolean;
}

/** What a hit found; the stamps are put together only where somebody asks. */
class FoundRow implements RowRead {
  readonly row: Row | undefined;
  readonly isLoaded = false;
  readonly #found: Hit;

  constructor(row: Row | undefined, found: Hit) {
    this.row = row;
    this.#found = found;
  }

  get stamps(): readonly string[] {
    return this.#found.stamps;
  }
}

/** What a row is read for: it is kept for as long as the policy says of that, until somebody loads it again. */
type RowUse = Extract<Operation, 'get' | 'reference' | 'listReference'>;

/** The rows of one model by primary key: from the cache, else from the database, many at a time. */
export class RowCache {
  readonly #cache: ModelCache;
  readonly #engine: CacheEngine;
  readonly #model: ModelSchema;
  readonly #policy: Policy;
  readonly #counters: Counters;
  readonly #flights = new Flights<Row | undefined>();
  #rowKeys: RowKeys | undefined;

  constructor(cache: ModelCache, model: ModelSchema) {
    this.#cache = cache;
    this.#engine = cache.engine;
    this.#model = model;
    this.#policy = cache.policy(model.label);
    this.#counters = cache.statistics.of(model.label);
  }

  /** Why this read must go past the cache; undefined where it need not. */
  bypassReason(): string | undefined {
    return this.#cache.bypassReason(this.#policy.allowed);
  }

  /** The row with this key. A valid entry in this process answers without a promise. */
  read(key: Cell, operation: RowUse = 'get'): Awaitable<RowRead> {
    return this.readWith(key, (read) => read, operation);
  }

  /** What `use` makes of the row with this key, in the same promise. */
  readWith<T>(key: Cell, use: (read: RowRead) => T, operation: RowUse = 'get'): Awaitable<T> {
    const reason = this.bypassReason();
    if (reason !== undefined) return this.#readPast(key, reason).then(use);
    const address = this.#addressOf(key);
    return this.#engine.lookupAt(address, (found) => {
      const read = this.#use(address, found, operation, this.#engine.clock.now());
      return isPromise(read) ? read.then(use) : use(read);
    });
  }

  /** The rows with these keys, in their order. */
  readMany(keys: readonly Cell[], operation: RowUse = 'get'): Awaitable<readonly RowRead[]> {
    const reason = this.bypassReason();
    if (reason !== undefined) return Promise.all(keys.map((key) => this.#readPast(key, reason)));
    if (keys.length === 0) return [];
    const rowKeys = this.#keysNow();
    const addresses = keys.map((key) => new RowAddress(rowKeys, key));
    const found = this.#engine.lookupAll(addresses);
    if (isPromise(found)) return found.then((all) => this.#useAll(addresses, all, operation));
    return this.#useAll(addresses, found, operation);
  }

  /** Reads the row from the database and stores it, whatever is cached. */
  async refresh(key: Cell): Promise<RowRead> {
    const reason = this.bypassReason();
    if (reason !== undefined) return this.#readPast(key, reason);
    const address = this.#addressOf(key);
    const stamps = await this.#engine.acquire(address.stampKeys);
    if (!stamps) return this.#readPast(key, 'the store failed');
    const row = await this.#tainting(this.#load(address, stamps, 'get'));
    currentFrame()?.record(this.#engine, address.stampKeys, stamps);
    return { row, stamps, isLoaded: true };
  }

  /** What an in-process store holds and is valid by its stamps; no I/O. */
  peek(key: Cell): Row | undefined {
    if (this.bypassReason() !== undefined) return undefined;
    const address = this.#addressOf(key);
    const hit = this.#engine.peek(address.key, address.stampKeys);
    return hit && this.#rowIn(hit)?.row;
  }

  /** What the cache would answer now, without loading anything. */
  async inspect(key: Cell): Promise<Found> {
    const reason = this.bypassReason();
    return reason === undefined
      ? this.#engine.lookupAt(this.#addressOf(key), (found) => found)
      : { state: 'bypass', reason };
  }

  /** The names of what a row depends on, aligned with the stamps that come with it; the last is everything under the prefix. */
  dependencies(key: Cell): readonly string[] {
    return [rowDependency(this.#model.table, key), bulkDependency(this.#model.table)];
  }

  #addressOf(key: Cell): RowAddress {
    return new RowAddress(this.#keysNow(), key);
  }

  #keysNow(): RowKeys {
    const { keyspace } = this.#engine;
    if (this.#rowKeys?.keyspace !== keyspace) this.#rowKeys = new RowKeys(keyspace, this.#model); // tenants may have their own
    return this.#rowKeys;
  }

  #useAll(addresses: readonly RowAddress[], found: readonly Found[], operation: RowUse): Awaitable<readonly RowRead[]> {
    const now = this.#engine.clock.now(); // NOTE: asked once for all
    const use = (each: Found, index: number): Awaitable<RowRead> =>
      this.#use(addresses[index] as RowAddress, each, operation, now); // they are aligned
    const reads = found.map(use);
    if (!reads.some(isPromise)) return reads as RowRead[]; // as just seen
    return Promise.all(reads.map((read) => Promise.resolve(read)));
  }

  #use(address: RowAddress, found: Found, operation: RowUse, now: number): Awaitable<RowRead> {
    if (found.state === 'bypass') return this.#readPast(address.cell, found.reason);
    if (found.state === 'miss') return this.#miss(address, found, operation);
    const known = this.#rowIn(found);
    if (!known) return this.#miss(address, found, operation);
    this.#counters.hits += 1;
    this.#counters.bytes += found.bytes;
    currentFrame()?.record(this.#engine, address.stampKeys, found.stamps);
    publishRead(this.#model.label, 'hit');
    if (isDueEarly(found.entry, now)) this.#refreshEarly(address, found.stamps, operation);
    const read = new FoundRow(known.row, found);
    const { drift } = this.#cache;
    const checked = drift?.isDue() ? drift.check(this.#hitAt(address, known.row, found)) : undefined;
    return checked ? checked.then(() => read) : read;
  }

  #hitAt(
    { cell, key, stampKeys }: RowAddress,
    row: Row | undefined,
    { stamps, entry: { createdAt } }: Hit,
  ): CheckedHit {
    const payload = async (): Promise<unknown> =>
      (await rowLoader(this.#cache.connection, this.#model).load(cell)) ?? null;
    return { label: this.#model.label, key, stampKeys, stamps, stored: row ?? null, createdAt, isOne: true, payload };
  }

  /** The row of an entry, if what is stored is a row of this model; undefined if it is something else. */
  #rowIn({ entry: { payload } }: Hit): { readonly row: Row | undefined } | undefined {
    if (payload === null) return { row: undefined };
    if (!Array.isArray(payload) || payload.length !== this.#model.columns.length) return undefined;
    return { row: payload as Row }; // the key holds the model's fingerprint: only rows of these columns are stored there
  }

  async #miss(address: RowAddress, found: Miss | Hit, operation: RowUse): Promise<RowRead> {
    this.#counters.misses += 1;
    publishRead(this.#model.label, 'miss');
    const { cell, key, stampKeys } = address;
    const acquired = this.#engine.acquire(stampKeys, found.stamps);
    const stamps = isPromise(acquired) ? await acquired : acquired;
    if (!stamps) return this.#readPast(cell, 'the store failed');
    const row = await this.#tainting(this.#flights.join(key, stamps, () => this.#load(address, stamps, operation)));
    currentFrame()?.record(this.#engine, stampKeys, stamps);
    return { row, stamps, isLoaded: true };
  }

  async #load(
    { cell, key, stampKeys }: RowAddress,
    stamps: readonly string[],
    operation: RowUse,
  ): Promise<Row | undefined> {
    const { clock } = this.#engine;
    const startedAt = clock.now();
    const row = await rowLoader(this.#cache.connection, this.#model).load(cell);
    const ttlMs = row ? this.#policy.ttlMs(operation) : this.#cache.negativeTtlMs;
    const costMs = clock.now() - startedAt;
    this.#engine.fill({ key, stamps, stampKeys, payload: row ?? null, ttlMs: jitteredTtl(ttlMs), costMs });
    this.#counters.fills += 1;
    return row;
  }

  /** A computation that goes on although a read in it failed must not be stored: the failure may pass. */
  async #tainting<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      this.#cache.spoilFrame('a query in it failed');
      throw error;
    }
  }

  #refreshEarly(address: RowAddress, stamps: readonly string[], operation: RowUse): void {
    // NOTE: nobody waits for it and the entry is still valid: a failure costs nothing
    this.#flights.join(address.key, stamps, () => this.#load(address, stamps, operation)).catch(() => undefined);
  }

  #readPast(key: Cell, reason: Bypass['reason']): Promise<RowRead> {
    this.#counters.bypasses += 1;
    publishRead(this.#model.label, 'bypass', reason);
    this.#cache.spoilFrame(reason);
    return this.#loadOnly(key);
  }

  async #loadOnly(key: Cell): Promise<RowRead> {
    const row = await rowLoader(this.#cache.connection, this.#model).load(key);
    return { row, stamps: undefined, isLoaded: true };
  }
}

function publishRead(label: string, outcome: CacheEvent['outcome'], reason?: string): void {
  if (cacheChannel.hasSubscribers) {
    cacheChannel.publish(reason === undefined ? { label, outcome } : { label, outcome, reason });
  }
}
