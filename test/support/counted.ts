import { Redis } from 'ioredis';
import { after, before, beforeEach } from 'mocha';
import {
  connect,
  MemoryStore,
  RedisStore,
  type ConnectOptions,
  type Database,
  type ModelClass,
} from '../../src/index.js';
import { isInProcess } from '../../src/store/cache-store.js';
import { schemaOf } from '../../src/schema/schema-of.js';
import { CountingStore, type StoreOperation } from '../../src/testing/index.js';
import type { OpenCombination } from '../setup/combinations.js';

/** What something cost: SQL statements, and round trips to the store by their kind; those of a store in process count for nothing. */
export interface Cost extends Readonly<Record<StoreOperation, number>> {
  readonly sql: number;
}

export const noCost: Cost = { sql: 0, read: 0, acquire: 0, write: 0, drop: 0 };

/** A connection whose store and statements are counted. */
export interface Counted {
  readonly db: Database;
  /** What `task` costs, with the storing that nobody waits for. */
  costOf(task: () => Promise<unknown>): Promise<Cost>;
  /** The keys that are in Redis under this connection's prefix; undefined where the cache is elsewhere. */
  readonly redis: Redis | undefined;
  readonly prefix: string;
  /** What was asked of it since the last `costOf` began. */
  readonly store: CountingStore;
}

/** Opens a connection with the tables of some models for a suite; both tables and cache are empty before each test. */
export function counted(
  combination: OpenCombination,
  models: readonly ModelClass[],
  options: Partial<ConnectOptions> = {},
): () => Counted {
  let current: Counted | undefined;
  before(async () => {
    const redis = combination.cache === 'redis' ? new Redis(await combination.cacheUrl()) : undefined;
    const inner = redis ? new RedisStore(redis) : new MemoryStore(options.clock && { clock: options.clock });
    const store = new CountingStore(inner);
    const prefix = combination.freshPrefix();
    const db = await connect({ database: await combination.databaseUrl(), cache: store, prefix, ...options });
    await db.createTables(models);
    current = { db, redis, prefix, store, costOf: (task) => costOf(db, store, task) };
  });
  beforeEach(async () => {
    for (const model of models.toReversed()) await opened(current).db.knex(schemaOf(model).table).delete();
    await opened(current).db.invalidateAll();
  });
  after(async () => {
    await current?.db.close();
    await current?.redis?.quit();
  });
  return () => opened(current);
}

async function costOf(db: Database, store: CountingStore, task: () => Promise<unknown>): Promise<Cost> {
  await settled();
  store.reset();
  const { statements } = db.stats();
  await task();
  await settled();
  const { read, acquire, write, drop } = store.calls;
  const sql = db.stats().statements - statements;
  return isInProcess(store) ? { ...noCost, sql } : { sql, read, acquire, write, drop };
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function opened(current: Counted | undefined): Counted {
  if (!current) throw new Error('The connection is there in tests and hooks only.');
  return current;
}
