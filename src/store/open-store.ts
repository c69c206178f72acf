import { UsageError } from '../errors.js';
import type { Clock } from '../support/clock.js';
import { isInProcess, type CacheStore } from './cache-store.js';
import { MemoryStore } from './memory-store.js';
import { parseMemoryUrl } from './memory-url.js';
import { DirectRedis } from './direct-redis.js';
import { toGateClient } from './gate/gate-client.js';
import { GatedStore } from './gate/gated-store.js';
import { RedisGate } from './gate/redis-gate.js';
import { dropUnmarkedScript } from './gate/mark-scripts.js';
import { connectRedis, type RedisClient } from './redis-client.js';
import { dropTextsBy } from './redis-commands.js';
import { RedisStore } from './redis-store.js';
import { ResilientStore } from './resilient-store.js';
import { openFileStore } from './sql/file-store.js';
import { openPostgresStore } from './sql/sql-store.js';

/** Where to cache: `memory:`, a URL of Redis, of a file or of PostgreSQL, an ioredis client, or a store of your own. */
export type StoreSetting = string | RedisClient | CacheStore;

export interface OpenStoreOptions {
  readonly clock: Clock;
  /** Few keys that invalidate everything, see `ResilientStoreOptions`. */
  readonly dropInstead?: (() => readonly string[]) | undefined;
  /** A gate to keep in the store; only Redis can. */
  readonly gate?: GateSetting | undefined;
}

export interface GateSetting {
  readonly key: string;
  readonly windowMs: number;
}

/** So long a program's start waits for Redis; after that it starts without, and uses Redis from when it is there. */
const longestWaitForReadyMs = 1_000;

/**
 * Makes the store that a setting describes; without one, a memory store. A server that is down is no error: the store
 * is unavailable until it answers. A client or store that is given stays its owner's: `close()` leaves a client open.
 * Throws UsageError for a setting that names no store, and for one that cannot keep the gate that is asked for.
 */
export async function openStore(setting: StoreSetting | undefined, options: OpenStoreOptions): Promise<CacheStore> {
  const store = await openPlainly(setting, options);
  if (!options.gate || store instanceof GatedStore) return store;
  await store.close();
  throw new UsageError(
    `connect: guarantee needs a cache in Redis, such as 'redis://localhost:6379' or an ioredis client, not in ${store.name}`,
  );
}

async function openPlainly(setting: StoreSetting | undefined, options: OpenStoreOptions): Promise<CacheStore> {
  if (setting === undefined) return new MemoryStore({ clock: options.clock });
  if (typeof setting === 'string') return openUrl(setting, options);
  if (typeof setting !== 'object' || setting === null) throw unknownSetting(setting === null ? 'null' : typeof setting);
  if (isCacheStore(setting)) return isInProcess(setting) ? setting : new ResilientStore(setting, options);
  if (isRedisClient(setting)) return openRedis(setting, options, false);
  throw unknownSetting('an object without these methods');
}

async function openUrl(url: string, options: OpenStoreOptions): Promise<CacheStore> {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0];
  if (scheme === 'memory:') return new MemoryStore({ ...parseMemoryUrl(url), clock: options.clock });
  if (scheme === 'redis:' || scheme === 'rediss:') return openRedis(await connectDirectly(url), options, true);
  if (scheme === 'file:') return new ResilientStore(await openFileStore(url, options.clock), options);
  if (scheme === 'postgres:' || scheme === 'postgresql:') return new ResilientStore(openPostgresStore(url), options);
  throw unknownSetting(scheme ? `a URL that starts with '${scheme}'` : 'a text that is no URL');
}

async function connectDirectly(url: string): Promise<RedisClient> {
  return new DirectRedis(await connectRedis(url, { protocol: 2 }));
}

async function openRedis(client: RedisClient, options: OpenStoreOptions, ownsClient: boolean): Promise<CacheStore> {
  const script = options.gate && toGateClient(client);
  const drop = script && ((keys: string[]) => dropTextsBy(dropUnmarkedScript, script, keys));
  const store = new ResilientStore(new RedisStore(client, { ownsClient }, drop), options);
  const gated = options.gate && gatedStore(store, client, options.clock, options.gate);
  await firstAttempt(client, options.clock);
  if (!gated) return store;
  const { instance } = gated.gate;
  await instance.known();
  if (instance.obstacle === undefined) return gated;
  await gated.close();
  throw new UsageError(`connect: guarantee: ${instance.obstacle}`);
}

function gatedStore(store: CacheStore, client: RedisClient, clock: Clock, { key, windowMs }: GateSetting): GatedStore {
  const gateClient = client.isCluster ? undefined : toGateClient(client);
  if (gateClient) return new GatedStore(store, new RedisGate({ client: gateClient, key, clock, windowMs }));
  throw new UsageError(
    "connect: guarantee works with one Redis or Sentinel, not with Redis Cluster; use guarantee: 'plain'",
  );
}

/** Resolves when a client that is connecting has made it or failed once; a lazy client is left alone. */
function firstAttempt(client: RedisClient, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    if (client.status !== 'connecting' && client.status !== 'connect') {
      resolve();
      return;
    }
    const done = (): void => {
      cancelTimer();
      client.off('ready', done);
      client.off('close', done);
      resolve();
    };
    const cancelTimer = clock.schedule(longestWaitForReadyMs, done);
    client.on('ready', done);
    client.on('close', done);
  });
}

function isCacheStore(value: object): value is CacheStore {
  return (
    typeof Reflect.get(value, 'name') === 'string' && hasMethods(value, ['read', 'acquire', 'write', 'drop', 'close'])
  );
}

function isRedisClient(value: object): value is RedisClient {
  return (
    typeof Reflect.get(value, 'status') === 'string' &&
    hasMethods(value, ['mget', 'set', 'unlink', 'pipeline', 'on', 'off', 'quit', 'disconnect'])
  );
}

function hasMethods(value: object, methods: readonly string[]): boolean {
  return methods.every((method) => typeof Reflect.get(value, method) === 'function');
}

function unknownSetting(got: string): UsageError {
  return new UsageError(
    `'cache' must be 'memory:', a URL such as 'redis://localhost:6379/0', 'rediss://…', 'file:cache.db' or 'postgres://…', a Redis or Cluster of ioredis, or an object with the methods of CacheStore; got ${got}.`,
  );
}
