import type { CacheEngine } from '../cache/cache-engine.js';
import type { ComputationHost } from '../cache/call.js';
import type { DriftCheck } from '../cache/drift-check.js';
import { currentFrame } from '../cache/dependency-frame.js';
import type { JobQueue } from '../jobs/job.js';
import { connectionNamed } from '../database/connections.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { weakened } from '../support/weakened.js';
import type { Statistics } from '../telemetry/statistics.js';
import type { Policies, Policy } from './policy.js';
import { QueryCache } from './query-cache.js';
import { RowCache } from './row-cache.js';
import { UniqueKeys } from './unique-keys.js';

export interface ModelCacheParts {
  readonly connection: DatabaseConnection;
  readonly engine: CacheEngine;
  readonly enabled: boolean;
  readonly policies: Policies;
  /** How long the answer "there is no such row" lives. */
  readonly negativeTtlMs: number;
  readonly statistics: Statistics;
  /** Compares hits with the database, where that is asked for. */
  readonly drift?: DriftCheck | undefined;
  readonly jobs: JobQueue;
}

/** Where the models of one connection meet its cache. */
export class ModelCache {
  readonly connection: DatabaseConnection;
  readonly engine: CacheEngine;
  readonly statistics: Statistics;
  /** Who does things later. */
  readonly jobs: JobQueue;
  readonly negativeTtlMs: number;
  readonly drift: DriftCheck | undefined;
  readonly #enabled: boolean;
  readonly #policies: Policies;
  readonly #rows = new Map<ModelSchema, RowCache>();
  readonly #uniqueKeys = new Map<ModelSchema, UniqueKeys>();
  readonly #queries = new Map<ModelSchema, QueryCache>();

  constructor(parts: ModelCacheParts) {
    this.connection = parts.connection;
    this.engine = parts.engine;
    this.statistics = parts.statistics;
    this.jobs = parts.jobs;
    this.negativeTtlMs = parts.negativeTtlMs;
    this.drift = parts.drift;
    this.#enabled = parts.enabled;
    this.#policies = parts.policies;
  }

  policy(label: string): Policy {
    return this.#policies.of(label);
  }

  /** Lets new stamps outlive entries of this life. */
  expectTtl(ttlMs: number): void {
    this.#policies.expectTtl(ttlMs);
  }

  /** Why nothing may be read from the cache or stored in it now; undefined where it may. */
  bypassReason(allowed: boolean): string | undefined {
    if (!this.#enabled) return 'caching is off (enabled: false)';
    if (!allowed) return 'its policy forbids caching';
    // NOTE: a transaction sees its own uncommitted rows and maybe an old snapshot; neither may meet the cache
    return this.connection.currentTransaction() && !weakened.pastTransactions ? 'inside a transaction' : undefined;
  }

  /** What a computation under this label is part of; where its policy does not allow it, nothing is kept. */
  host(label: string, allowed = true): ComputationHost {
    const { engine, drift } = this;
    return {
      engine,
      drift,
      counters: this.statistics.of(label),
      lists: engine.port.store.list !== undefined,
      renewsElsewhere: this.jobs.isShared,
      bypassReason: () => this.bypassReason(allowed),
    };
  }

  /** Notes that something was read that cannot be tracked. */
  spoilFrame(reason: string): void {
    currentFrame()?.spoil(reason);
  }

  /** The keys of the stamps of dependencies; that of everything under the prefix comes last. */
  stampKeys(dependencies: readonly string[]): string[] {
    return this.engine.keyspace.stamps(dependencies);
  }

  rows(model: ModelSchema): RowCache {
    let rows = this.#rows.get(model);
    if (!rows) {
      rows = new RowCache(this, model);
      this.#rows.set(model, rows);
    }
    return rows;
  }

  queries(model: ModelSchema): QueryCache {
    let queries = this.#queries.get(model);
    if (!queries) {
      queries = new QueryCache(this, model);
      this.#queries.set(model, queries);
    }
    return queries;
  }

  uniqueKeys(model: ModelSchema): UniqueKeys {
    let keys = this.#uniqueKeys.get(model);
    if (!keys) {
      keys = new UniqueKeys(this, model);
      this.#uniqueKeys.set(model, keys);
    }
    return keys;
  }
}

const caches = new WeakMap<DatabaseConnection, ModelCache>();

/** Gives a connection its cache. */
export function setModelCache(cache: ModelCache): void {
  caches.set(cache.connection, cache);
}

/** The cache of a model's connection. Throws UsageError if the model has no open connection. */
export function modelCacheOf(model: ModelSchema): ModelCache {
  return modelCacheNamed(model.connection, model.label);
}

/** The cache of the open connection of this name. Throws UsageError, naming `who` asks for it, if there is none. */
export function modelCacheNamed(name: string, who: string): ModelCache {
  const connection = connectionNamed(name, who);
  const cache = caches.get(connection);
  if (!cache) throw new TypeError(`connection '${connection.name}' was opened without a cache`);
  return cache;
}
