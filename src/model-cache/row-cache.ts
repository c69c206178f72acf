import type { Bypass, CacheEngine, Found, Hit, Miss } from '../cache/cache-engine.js';
import { currentFrame } from '../cache/dependency-frame.js';
import { Flights } from '../cache/flights.js';
import { isDueEarly, jitteredTtl } from '../cache/lifetime.js';
import type { Keyspace } from '../cache/keyspace.js';
import {
  bulkDependency,
  cellText,
  dependencyText,
  rowDependency,
  rowDependencyPrefix,
} from '../invalidation/dependencies.js';
import { rowLoader } from '../query/row-loader.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import { cacheChannel, type CacheEvent } from '../telemetry/channels.js';
import type { Counters } from '../telemetry/statistics.js';
import type { ModelCache } from './model-cache.js';
import type { Policy } from './policy.js';

/** A row as it is, from wherever it came. */
export interface RowRead {
  /** Undefined where there is no such row. */
  readonly row: Row | undefined;
  /** The stamps under which it was read; undefined where it was read without any. */
  readonly stamps: readonly string[] | undefined;
  /** True where it came from the database. */
  readonly isLoaded: boolean;
}

interface RowKeys {
  readonly keyspace: Keyspace;
  readonly entryPrefix: string;
  readonly stampPrefix: string;
  readonly bulk: string;
  readonly epoch: string;
}

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
  read(key: Cell): Awaitable<RowRead> {
    const reason = this.bypassReason();
    if (reason !== undefined) return this.#readPast(key, reason);
    const stampKeys = this.#stampKeys(key);
    const entryKey = this.#entryKey(key);
    const found = this.#engine.lookup(entryKey, stampKeys);
    if (isPromise(found)) return found.then((answer) => this.#use(key, entryKey, stampKeys, answer));
    return this.#use(key, entryKey, stampKeys, found);
  }

  /** Reads the row from the database and stores it, whatever is cached. */
  async refresh(key: Cell): Promise<RowRead> {
    const reason = this.bypassReason();
    if (reason !== undefined) return this.#readPast(key, reason);
    const stampKeys = this.#stampKeys(key);
    const stamps = await this.#engine.acquire(stampKeys);
    if (!stamps) return this.#readPast(key, 'the store failed');
    const row = await this.#tainting(this.#load(key, this.#entryKey(key), stamps));
    currentFrame()?.record(this.#engine, stampKeys, stamps);
    return { row, stamps, isLoaded: true };
  }

  /** What an in-process store holds and is valid by its stamps; no I/O. */
  peek(key: Cell): Row | undefined {
    if (this.bypassReason() !== undefined) return undefined;
    const hit = this.#engine.peek(this.#entryKey(key), this.#stampKeys(key));
    return hit && this.#rowIn(hit)?.row;
  }

  /** What the cache would answer now, without loading anything. */
  async inspect(key: Cell): Promise<Found> {
    const reason = this.bypassReason();
    if (reason !== undefined) return { state: 'bypass', reason };
    return this.#engine.lookup(this.#entryKey(key), this.#stampKeys(key));
  }

  /** The names of what a row depends on, aligned with the stamps that come with it; the last is everything under the prefix. */
  dependencies(key: Cell): readonly string[] {
    return [rowDependency(this.#model.table, key), bulkDependency(this.#model.table)];
  }

  #stampKeys(key: Cell): string[] {
    const { stampPrefix, bulk, epoch } = this.#keys();
    return [stampPrefix + dependencyText(key), bulk, epoch];
  }

  #entryKey(key: Cell): string {
    return this.#keys().entryPrefix + cellText(key);
  }

  /** What all keys of this model share, made once for each keyspace: tenants may have their own. */
  #keys(): RowKeys {
    const { keyspace } = this.#engine;
    if (this.#rowKeys?.keyspace === keyspace) return this.#rowKeys;
    const { table } = this.#model;
    this.#rowKeys = {
      keyspace,
      entryPrefix: keyspace.rows(this.#model),
      stampPrefix: keyspace.stamp(rowDependencyPrefix(table)),
      bulk: keyspace.stamp(bulkDependency(table)),
      epoch: keyspace.epoch,
    };
    return this.#rowKeys;
  }

  #use(key: Cell, entryKey: string, stampKeys: readonly string[], found: Found): Awaitable<RowRead> {
    if (found.state === 'bypass') return this.#readPast(key, found.reason);
    if (found.state === 'miss') return this.#miss(key, entryKey, stampKeys, found);
    const known = this.#rowIn(found);
    if (!known) return this.#miss(key, entryKey, stampKeys, found);
    this.#counters.hits += 1;
    this.#counters.bytes += found.bytes;
    currentFrame()?.record(this.#engine, stampKeys, found.stamps);
    publishRead(this.#model.label, 'hit');
    if (isDueEarly(found.entry, this.#engine.clock.now())) this.#refreshEarly(key, entryKey, found.stamps);
    return { row: known.row, stamps: found.stamps, isLoaded: false };
  }

  /** The row of an entry, if what is stored is a row of this model; undefined if it is something else. */
  #rowIn({ entry: { payload } }: Hit): { readonly row: Row | undefined } | undefined {
    if (payload === null) return { row: undefined };
    if (!Array.isArray(payload) || payload.length !== this.#model.columns.length) return undefined;
    return { row: payload as Row }; // the key holds the model's fingerprint: only rows of these columns are stored there
  }

  async #miss(key: Cell, entryKey: string, stampKeys: readonly string[], found: Miss | Hit): Promise<RowRead> {
    this.#counters.misses += 1;
    publishRead(this.#model.label, 'miss');
    const acquired = this.#engine.acquire(stampKeys, found.stamps);
    const stamps = isPromise(acquired) ? await acquired : acquired;
    if (!stamps) return this.#readPast(key, 'the store failed');
    const row = await this.#tainting(this.#flights.join(entryKey, stamps, () => this.#load(key, entryKey, stamps)));
    currentFrame()?.record(this.#engine, stampKeys, stamps);
    return { row, stamps, isLoaded: true };
  }

  async #load(key: Cell, entryKey: string, stamps: readonly string[]): Promise<Row | undefined> {
    const { clock } = this.#engine;
    const startedAt = clock.now();
    const row = await rowLoader(this.#cache.connection, this.#model).load(key);
    const ttlMs = row ? this.#policy.ttlMs('get') : this.#cache.negativeTtlMs;
    const costMs = clock.now() - startedAt;
    this.#engine.fill({ key: entryKey, stamps, payload: row ?? null, ttlMs: jitteredTtl(ttlMs), costMs });
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

  #refreshEarly(key: Cell, entryKey: string, stamps: readonly string[]): void {
    // NOTE: nobody waits for it and the entry is still valid: a failure costs nothing
    this.#flights.join(entryKey, stamps, () => this.#load(key, entryKey, stamps)).catch(() => undefined);
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
