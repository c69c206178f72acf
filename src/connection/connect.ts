import { UsageError } from '../errors.js';
import { CacheEngine } from '../cache/cache-engine.js';
import { DriftCheck, type DriftSettings } from '../cache/drift-check.js';
import type { EngineEvents } from '../cache/engine-options.js';
import { Keyspace, type KeyStyle } from '../cache/keyspace.js';
import type { CaptureOptions } from '../capture/capture-options.js';
import { Capture } from '../capture/capture.js';
import type { GuaranteeLevel, GuaranteeOptions } from '../capture/guarantee.js';
import { FileCapture } from '../capture/sqlite/file-capture.js';
import type { WriteGuard } from '../capture/write-guard.js';
import type { Change } from '../changes/change.js';
import { noteContext, onChanges, type ChangeForeteller, type ChangeListener } from '../changes/change-log.js';
import { observeWrites } from '../changes/write-observer.js';
import { followingObserver } from '../compute/row-followers.js';
import { Sweeper } from '../compute/sweeper.js';
import { importWorkers } from '../compute/workers.js';
import type { JobQueue } from '../jobs/job.js';
import { openJobs, type JobsSetting } from '../jobs/open-jobs.js';
import { observeQueries } from '../query/query-observer.js';
import { registerConnection } from '../database/connections.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { openDatabase, type DatabaseSetting } from '../database/open-database.js';
import { isLasting } from '../invalidation/dependencies.js';
import { invalidate, prepareInvalidation } from '../invalidation/invalidator.js';
import { ModelCache, setModelCache } from '../model-cache/model-cache.js';
import { Policies, type PolicySettings } from '../model-cache/policy.js';
import { repopulateRows, rowsToRepopulate } from '../model-cache/repopulate.js';
import { queryTracker } from '../model-cache/track-queries.js';
import { installReverseAccessors } from '../model/reverse-accessors.js';
import { sameName, snakeCase, type Naming } from '../schema/naming.js';
import { describeValue } from '../schema/types/describe-value.js';
import { setNaming } from '../schema/schema-of.js';
import type { CacheStore } from '../store/cache-store.js';
import { openStore, type StoreSetting } from '../store/open-store.js';
import { systemClock, type Clock } from '../support/clock.js';
import { durationMs, type Duration } from '../support/duration.js';
import { nearest } from '../support/nearest.js';
import { cacheChannel } from '../telemetry/channels.js';
import { Statistics } from '../telemetry/statistics.js';
import { noDrift } from '../telemetry/drift-counters.js';
import {
  assertCapturable,
  captureChoice,
  captureOf,
  gateOptions,
  gateSetting,
  guardOf,
  type CaptureChoice,
} from './capture-parts.js';
import { Database, type Drift } from './database.js';
import { driftSettings, type DriftCheckOptions } from './drift-options.js';

/** What `connect` takes. */
export interface ConnectOptions {
  /** `sqlite:app.db`, `sqlite::memory:`, `postgres://…`, a knex config or a knex instance. */
  readonly database: DatabaseSetting;
  /** `redis://…`, `file:cache.db`, `postgres://…`, `memory:`, an ioredis Redis or Cluster, or a CacheStore; default: `memory:`. */
  readonly cache?: StoreSetting;
  /** The connection's name; models use `default` unless their `@Table` names another. */
  readonly name?: string;
  /** What every key starts with, or a function that tells it for the current async context; default: `moneyclip:`. */
  readonly prefix?: string | (() => string);
  /** The life of an entry, ± 10 %; default: 1 hour. */
  readonly ttl?: Duration;
  /** The life of "there is no such row"; default: 1 minute. */
  readonly negativeTtl?: Duration;
  /** False: everything works, nothing is cached. */
  readonly enabled?: boolean;
  /** Whether a cache that fails makes reads go to the database (the default) or throw StoreUnavailableError. */
  readonly onCacheFailure?: 'degrade' | 'throw';
  /** Entries under hashes (the default) or under keys that can be read; the keys of stamps can be read either way. */
  readonly keys?: KeyStyle;
  /** What is cached by itself and for how long, by patterns of labels; the first match holds. */
  readonly policies?: PolicySettings;
  /**
   * True, or how, to hear of what others change too: plain SQL, cascades, triggers, other programs. Needs the triggers
   * that `moneyclip migrate` makes. On PostgreSQL a table without them is not cached; on SQLite, where every change of
   * others is noticed anyway, it is then known what changed, and only that is forgotten. Default: false.
   */
  readonly capture?: boolean | CaptureOptions;
  /**
   * True, or how, to compare a share of the hits with the database and report those that differ: `db.stats().drift` and
   * the channel `moneyclip:drift`. Default: false.
   */
  readonly driftCheck?: boolean | DriftCheckOptions;
  /**
   * PostgreSQL with a cache in Redis: how sure it is that a cached answer is not outdated. `plain` (the default): no old
   * answer after an acknowledged write while Redis takes writes. `guarded`: none after an acknowledged write, whatever
   * fails. `strict`: the same, and who has seen a new value never sees an older one again; writes are refused where that
   * cannot be made sure. `verify`: none after any commit; each hit asks the database. Above `plain`, `capture` is on.
   */
  readonly guarantee?: GuaranteeLevel | GuaranteeOptions;
  /** How properties are named in the database; default: `snake_case`. */
  readonly naming?: 'snake_case' | 'same' | Naming;
  /** How long a statement may take on PostgreSQL; default: 30 seconds. */
  readonly queryTimeout?: Duration;
  /** How long to wait for a free connection or a lock of SQLite; default: 5 seconds. */
  readonly acquireTimeout?: Duration;
  /**
   * Whether statements are prepared by name on PostgreSQL, default: true. False behind a pooler that gives each
   * transaction another connection and does not know of names: PgBouncer before 1.21 with `pool_mode = transaction`.
   */
  readonly preparedStatements?: boolean;
  /** Modules that declare cached functions and nodes, imported before anything is opened: a path from the working directory, a file's address or a package. */
  readonly workers?: readonly string[];
  /**
   * Who does what is to be done later, such as refreshing a value behind its readers: the process that asks for it (the
   * default), or `'bullmq'`: the workers that `runWorker` starts, by a queue of BullMQ in the Redis of `cache`.
   */
  readonly jobs?: JobsSetting;
  /** Where time comes from; for tests. */
  readonly clock?: Clock;
}

const defaultPrefix = 'moneyclip:';

const optionNames = (
  'database, cache, name, prefix, ttl, negativeTtl, enabled, onCacheFailure, keys, policies, ' +
  'capture, guarantee, driftCheck, naming, queryTimeout, acquireTimeout, preparedStatements, workers, jobs, clock'
).split(', ');

/**
 * Opens a database with its cache; models are usable as soon as it has resolved. Throws UsageError for wrong options
 * or a name that is taken, ConnectionError if the database cannot be reached. A cache that cannot be reached is no
 * error: the database answers until it can.
 */
export async function connect(options: ConnectOptions): Promise<Database> {
  checkOptions(options);
  const { name = 'default', clock = systemClock } = options;
  const settings = toSettings(options);
  await importWorkers(options.workers);
  const connection = await openDatabase(options.database, {
    name,
    preparedStatements: options.preparedStatements,
    ...settings.limits,
  });
  let store: CacheStore | undefined;
  let jobs: JobQueue | undefined;
  try {
    assertCapturable(settings, options, connection);
    store = await openStore(options.cache, { clock, dropInstead: settings.epochs, gate: gateSetting(settings) });
    jobs = await openJobs(options.jobs, { cache: options.cache, prefix: onePrefix(options), clock });
    registerConnection(name, connection);
    setNaming(name, settings.naming);
  } catch (error) {
    await jobs?.close();
    await store?.close();
    await connection.close();
    throw error;
  }
  return assemble(options, { settings, connection, store, jobs, clock });
}

function onePrefix({ prefix = defaultPrefix }: ConnectOptions): string | undefined {
  return typeof prefix === 'string' ? prefix : undefined;
}

interface Settings extends CaptureChoice {
  readonly keyspace: () => Keyspace;
  /** The stamps of everything under every prefix that was in use so far. */
  readonly epochs: () => string[];
  readonly policies: Policies;
  readonly negativeTtlMs: number;
  readonly naming: Naming | undefined;
  readonly drift: DriftSettings | undefined;
  readonly limits: { readonly queryTimeoutMs?: number; readonly acquireTimeoutMs?: number };
}

interface Opened {
  readonly settings: Settings;
  readonly connection: DatabaseConnection;
  readonly store: CacheStore;
  readonly jobs: JobQueue;
  readonly clock: Clock;
}

async function assemble(options: ConnectOptions, opened: Opened): Promise<Database> {
  const { settings, connection, store, jobs, clock } = opened;
  const { policies, negativeTtlMs } = settings;
  const { name = 'default', enabled = true, onCacheFailure: onFailure = 'degrade' } = options;
  const statistics = new Statistics();
  const capture = enabled ? captureOf(opened, statistics) : undefined;
  const guard = guardOf(opened, capture, onFailure);
  const engine = engineOf(opened, capture, onFailure);
  const drift = settings.drift && driftOf(opened, settings.drift, engine);
  const cache = new ModelCache({
    connection,
    engine,
    enabled,
    policies,
    negativeTtlMs,
    statistics,
    drift: drift?.check,
    jobs,
  });
  setModelCache(cache);
  observe(connection, cache, guard);
  installReverseAccessors();
  const sweeper = jobs.isShared || !enabled ? undefined : new Sweeper(cache); // where they are shared, workers sweep
  sweeper?.start();
  const parts = { name, connection, engine, store, statistics, clock, capture, guard, drift, cache, sweeper };
  const db = new Database(parts);
  if (capture instanceof Capture) await capture.start(engine);
  return db;
}

function engineOf(
  { settings: { keyspace, policies }, connection, store, clock }: Opened,
  capture: Capture | FileCapture | undefined,
  onFailure: 'degrade' | 'throw',
): CacheEngine {
  const probe = capture instanceof FileCapture ? capture : connection.probe;
  return new CacheEngine({
    store,
    clock,
    keyspace,
    onFailure,
    events: engineEvents(),
    stampTtlMs: (key) => (isLastingKey(keyspace(), key) ? 0 : 2 * policies.longestTtlMs),
    changedElsewhere: probe && (() => probe.changedElsewhere()),
    reasonAgainst: capture instanceof Capture ? (stampKeys) => capture.reasonAgainst(stampKeys) : undefined,
    gate: gateOptions(capture),
  });
}

/** NOTE: on SQLite a transaction keeps others from writing, and a statement alone is a snapshot of its own. */
function driftOf({ connection, clock }: Opened, settings: DriftSettings, engine: CacheEngine): Drift {
  const counters = noDrift();
  const isSqlite = connection.facts.name === 'sqlite';
  const inSnapshot = <T>(work: () => Promise<T>, isOne: boolean): Promise<T> => {
    if (isSqlite && isOne) return work();
    return connection.transaction(work, isSqlite ? {} : { isolation: 'repeatable read' });
  };
  const check = new DriftCheck({ settings, engine, clock, counters, connection: connection.name, inSnapshot });
  return { check, counters };
}

/** The few stamps that are kept for good: of tables, of labels and of everything. */
function isLastingKey({ stampPrefix, epoch }: Keyspace, key: string): boolean {
  return key === epoch || isLasting(key.slice(stampPrefix.length));
}

function observe(connection: DatabaseConnection, cache: ModelCache, guard: WriteGuard | undefined): void {
  const queries = queryTracker(cache);
  observeQueries(connection, queries);
  observeWrites(connection, followingObserver(connection));
  noteContext(connection, () => cache.engine.keyspace);
  const drop = guard && ((keys: readonly string[], changes: readonly Change[]) => guard.drop(keys, changes));
  const tell: ChangeListener = (changes, context) => {
    const keyspace = context as Keyspace; // as noted above
    const dropped = invalidate(cache.engine, cache.statistics, { changes, keyspace, drop });
    const wanted = rowsToRepopulate(changes);
    if (wanted.length === 0) return dropped;
    // NOTE: after the drop, since the application's function of the prefix may throw where the commit runs
    return dropped.then(() => (keyspace === cache.engine.keyspace ? repopulateRows(cache, wanted) : undefined));
  };
  const foretell: ChangeForeteller = (changes, context) =>
    drop || rowsToRepopulate(changes).length > 0
      ? undefined
      : prepareInvalidation(cache.engine, cache.statistics, { changes, keyspace: context as Keyspace }); // likewise
  onChanges(connection, tell, foretell);
}

function engineEvents(): EngineEvents {
  return {
    storeFailed: (operation, error) => {
      if (!cacheChannel.hasSubscribers) return;
      const reason = error instanceof Error ? error.message : String(error);
      cacheChannel.publish({ label: 'store', outcome: 'bypass', reason: `${operation} failed: ${reason}` });
    },
    corruptEntry: () => {
      if (!cacheChannel.hasSubscribers) return;
      cacheChannel.publish({ label: 'store', outcome: 'miss', reason: 'an entry could not be read' });
    },
  };
}

function checkOptions(options: ConnectOptions): void {
  if (typeof options !== 'object' || options === null || options.database === undefined) {
    throw new UsageError("connect({ database, … }): database is needed, such as 'sqlite:app.db' or 'postgres://…'");
  }
  for (const name of Object.keys(options)) {
    if (optionNames.includes(name)) continue;
    const hint = nearest(name, optionNames);
    throw new UsageError(
      `connect: unknown option '${name}'${hint ? `; did you mean '${hint}'?` : `; use ${optionNames.join(', ')}`}`,
    );
  }
  checkTypes(options);
  oneOf('onCacheFailure', options.onCacheFailure, ['degrade', 'throw']);
  oneOf('keys', options.keys, ['hashed', 'readable']);
  oneOf('jobs', options.jobs, ['in process', 'bullmq']);
}

function checkTypes({ name, prefix, enabled, preparedStatements }: ConnectOptions): void {
  ofType('name', name, { expected: "a text such as 'default'", fits: typeof name === 'string' && name !== '' });
  const isPrefix = typeof prefix === 'string' || typeof prefix === 'function';
  ofType('prefix', prefix, { expected: "a text such as 'shop:', or a function that answers one", fits: isPrefix });
  for (const [option, value] of Object.entries({ enabled, preparedStatements })) {
    ofType(option, value, { expected: 'true or false', fits: typeof value === 'boolean' });
  }
}

function ofType(option: string, value: unknown, { expected, fits }: { expected: string; fits: boolean }): void {
  if (value === undefined || fits) return;
  throw new UsageError(`connect: ${option} must be ${expected}; got ${describeValue(value)}`);
}

function oneOf(option: string, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value)) return;
  throw new UsageError(`connect: ${option} is '${value}'; use ${allowed.map((one) => `'${one}'`).join(' or ')}`);
}

function toSettings(options: ConnectOptions): Settings {
  const ttlMs = durationMs(options.ttl ?? '1h', 'ttl');
  const choice = captureChoice(options);
  return {
    ...choice,
    ...toKeyspaces(options.prefix ?? defaultPrefix, options.keys ?? 'hashed', choice.guarantee !== undefined),
    policies: new Policies(options.policies ?? {}, ttlMs),
    negativeTtlMs: Math.min(ttlMs, durationMs(options.negativeTtl ?? '1m', 'negativeTtl')),
    naming: toNaming(options.naming),
    drift: driftSettings(options.driftCheck),
    limits: {
      ...(options.queryTimeout === undefined
        ? {}
        : { queryTimeoutMs: durationMs(options.queryTimeout, 'queryTimeout') }),
      ...(options.acquireTimeout === undefined
        ? {}
        : { acquireTimeoutMs: durationMs(options.acquireTimeout, 'acquireTimeout') }),
    },
  };
}

function toNaming(naming: ConnectOptions['naming']): Naming | undefined {
  if (naming === undefined || typeof naming === 'function') return naming;
  oneOf('naming', naming, ['snake_case', 'same']);
  return naming === 'same' ? sameName : snakeCase;
}

function toKeyspaces(
  prefix: string | (() => string),
  style: KeyStyle,
  gated: boolean,
): Pick<Settings, 'keyspace' | 'epochs'> {
  if (typeof prefix === 'string') {
    const keyspace = new Keyspace(prefix, { style, gated });
    return { keyspace: () => keyspace, epochs: () => [keyspace.epoch] };
  }
  const keyspaces = new Map<string, Keyspace>();
  const keyspace = (): Keyspace => {
    const current = prefix();
    const known = keyspaces.get(current) ?? new Keyspace(current, { style });
    keyspaces.set(current, known);
    return known;
  };
  return { keyspace, epochs: () => [...keyspaces.values()].map(({ epoch }) => epoch) };
}
