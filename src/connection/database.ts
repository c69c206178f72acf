import type { Knex } from 'knex';
import type { CacheEngine } from '../cache/cache-engine.js';
import { Capture } from '../capture/capture.js';
import type { FileCapture } from '../capture/sqlite/file-capture.js';
import { DatabaseCapture } from '../capture/database-capture.js';
import { guaranteeStats, type GuaranteeStats } from '../capture/guarantee-stats.js';
import type { WriteGuard } from '../capture/write-guard.js';
import { announce } from '../changes/change-log.js';
import { unregisterConnection } from '../database/connections.js';
import type { DriftCheck } from '../cache/drift-check.js';
import type { DriftCounters } from '../telemetry/drift-counters.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { TransactionOptions } from '../database/transaction.js';
import { listEntries, type EntriesPage, type EntriesQuery } from '../compute/list-entries.js';
import type { Sweeper } from '../compute/sweeper.js';
import type { ModelCache } from '../model-cache/model-cache.js';
import { createTables } from '../model/create-tables.js';
import { UsageError } from '../errors.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { schemaOf } from '../schema/schema-of.js';
import { describeValue } from '../schema/types/describe-value.js';
import type { CacheStore } from '../store/cache-store.js';
import type { Clock } from '../support/clock.js';
import { total, type Counters, type Statistics } from '../telemetry/statistics.js';
import { PlainCache } from './plain-cache.js';

export interface DatabaseParts {
  readonly name: string;
  readonly connection: DatabaseConnection;
  readonly engine: CacheEngine;
  readonly store: CacheStore;
  readonly statistics: Statistics;
  readonly clock: Clock;
  readonly capture: Capture | FileCapture | undefined;
  readonly guard: WriteGuard | undefined;
  readonly drift: Drift | undefined;
  readonly cache: ModelCache;
  readonly sweeper: Sweeper | undefined;
}

/** How hits are compared with the database, and what that came to. */
export interface Drift {
  readonly check: DriftCheck;
  readonly counters: DriftCounters;
}

/** What `db.stats()` answers. */
export interface DatabaseStats extends Counters {
  /** The same for each model and computed value, by its label. */
  readonly labels: Readonly<Record<string, Counters>>;
  /** SQL statements that this library sent, with those that begin and end transactions. */
  readonly statements: number;
  /** What comparing hits with the database came to; undefined without `driftCheck`. */
  readonly drift: Readonly<DriftCounters> | undefined;
  /** How the guarantee above `plain` fares; undefined without one. */
  readonly guarantee: GuaranteeStats | undefined;
}

/** An open database with its cache; what `connect` resolves to. */
export class Database {
  readonly name: string;
  /** The knex instance: for migrations, and for what models cannot say. Inside `transaction()` it joins. */
  readonly knex: Knex;
  /** Plain timed values under the connection's prefix. */
  readonly cache: PlainCache;
  /** Tells how changes that others make are heard of. */
  readonly capture: DatabaseCapture;
  readonly #parts: DatabaseParts;
  #closed: Promise<void> | undefined;

  constructor(parts: DatabaseParts) {
    this.name = parts.name;
    this.knex = parts.connection.knex;
    this.cache = new PlainCache(parts.engine);
    this.capture = new DatabaseCapture(parts.connection, parts.capture);
    this.#parts = parts;
  }

  /** Creates the tables of models that do not exist yet, for examples and tests; a project keeps knex migrations. */
  async createTables(models: readonly ModelClassLike[]): Promise<void> {
    assertModels(models);
    await createTables(this.#parts.connection, models.map(schemaOf));
  }

  /** Runs `work` in a transaction of this database; see `transaction`. */
  transaction<T>(work: () => Promise<T>, options?: TransactionOptions): Promise<T> {
    return this.#parts.connection.transaction(work, options);
  }

  /** Makes everything invalid that was read from a model's table: after SQL that did not go through this library. */
  invalidateModel(model: ModelClassLike): Promise<void> {
    return announce(this.#parts.connection, [{ kind: 'table', model: schemaOf(model) }]);
  }

  /** Makes everything under the prefix of this connection invalid, in constant time; in a transaction, at its commit. */
  invalidateAll(): Promise<void> {
    return announce(this.#parts.connection, [{ kind: 'everything' }]);
  }

  /** What happened since the connection was opened. */
  stats(): DatabaseStats {
    const { statistics, connection, guard, capture, drift } = this.#parts;
    const labels = statistics.snapshot();
    const all = total(Object.values(labels));
    return {
      ...all,
      labels,
      statements: connection.statements,
      drift: drift && { ...drift.counters },
      guarantee: guard && guaranteeStats(all, guard, capture instanceof Capture ? capture : undefined),
    };
  }

  /**
   * Lists what is cached of computed values: functions, nodes and methods whose arguments can be written. It looks every
   * entry up that it lists; nothing is kept for it but a place in a list, which a fill writes along. Throws UsageError for
   * a wrong query, a label that this process does not know, and a store that cannot list.
   */
  entries(query: EntriesQuery = {}): Promise<EntriesPage> {
    return listEntries(this.#parts.cache, query);
  }

  /** Waits for what is in flight, then lets go of the database and of a store that `connect` opened. Idempotent. */
  close(): Promise<void> {
    if (!this.#closed && this.#parts.connection.currentTransaction()) return this.#parts.connection.close(); // which refuses it
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { engine, connection, store, capture, drift, cache, sweeper } = this.#parts;
    await sweeper?.close();
    await cache.jobs.close();
    unregisterConnection(this.name);
    if (capture instanceof Capture) await capture.close();
    await drift?.check.close();
    await engine.drain();
    await connection.close();
    await store.close();
  }
}

function assertModels(models: unknown): void {
  const isClass = (model: unknown): boolean => typeof model === 'function';
  if (Array.isArray(models) && models.every(isClass)) return;
  const wrong: unknown = Array.isArray(models) ? models.find((model) => !isClass(model)) : models;
  const got = `${Array.isArray(models) ? 'a list with ' : ''}${describeValue(wrong)}`;
  throw new UsageError(`createTables expects a list of models, such as [Author, Book], got ${got}`);
}
