import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { UsageError } from '../errors.js';
import { bufferedSocket } from '../support/buffered-socket.js';
import type { Reject } from './cache-store.js';

/** The reply of one command of a pipeline: its error, or its value. */
export type RedisPipelineReply = [error: Error | null, value: unknown];

/** What the store queues in a pipeline of an ioredis client. */
export interface RedisPipeline {
  mget(keys: string[]): unknown;
  set(key: string, value: string): unknown;
  set(key: string, value: string, px: 'PX', ttlMs: number): unknown;
  set(key: string, value: string, nx: 'NX'): unknown;
  set(key: string, value: string, px: 'PX', ttlMs: number, nx: 'NX'): unknown;
  unlink(keys: string[]): unknown;
  zadd(key: string, score: number, member: string): unknown;
  zremrangebyscore(key: string, min: string, max: number): unknown;
  zremrangebyrank(key: string, start: number, stop: number): unknown;
  exec(): Promise<RedisPipelineReply[] | null>;
}

/**
 * What the store needs of a client: the `Redis` and the `Cluster` of ioredis 5 and 6 have it. For Sentinel give a
 * `Redis` that was made with `sentinels`. Give it a `socketTimeout`, or it takes the operating system's minutes to notice
 * that a connection leads nowhere; the cache is unavailable for so long.
 */
export interface RedisClient {
  /** `ready` when commands are answered. */
  readonly status: string;
  readonly isCluster: boolean;
  /** Where reads go is what matters here. */
  readonly options: { readonly scaleReads?: unknown; readonly role?: unknown };
  mget(keys: string[]): Promise<(string | null | undefined)[]>;
  /** MGET by callbacks, which must not throw; a client need not have it. */
  request?(keys: readonly string[], resolve: (texts: readonly (string | undefined)[]) => void, reject: Reject): void;
  set(key: string, value: string): Promise<unknown>;
  set(key: string, value: string, px: 'PX', ttlMs: number): Promise<unknown>;
  unlink(keys: string[]): Promise<unknown>;
  /** UNLINK by callbacks, likewise. */
  requestUnlink?(keys: readonly string[], resolve: () => void, reject: Reject): void;
  zrangebyscore(
    key: string,
    min: number,
    max: string,
    withScores: 'WITHSCORES',
    limit: 'LIMIT',
    offset: number,
    count: number,
  ): Promise<string[]>;
  pipeline(): RedisPipeline;
  on(event: 'ready' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'ready' | 'close', listener: () => void): unknown;
  quit(): Promise<unknown>;
  /** With `true` it connects again. */
  disconnect(reconnect?: boolean): void;
}

/** An ioredis client of our own, as far as it is used here. */
export interface IoredisClient extends RedisClient {
  /** Its socket, once it connects; another one each time. */
  readonly stream?: Duplex;
  /** What it has sent and waits for. */
  readonly commandQueue?: { readonly length: number };
  call(name: string, ...words: (string | number)[]): Promise<unknown>;
}

/** Where a Redis server is, and as whom to log in there. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
}

const connectTimeoutMs = 2_000;
const longestReconnectMs = 1_000;
/** A client that is closed after its server went away keeps the process alive for so long; ioredis would take 2 s. */
const disconnectTimeoutMs = 100;

/**
 * Opens a client for `redis://[user[:password]@]host[:port][/db]`, or `rediss://` for TLS. It keeps trying to connect,
 * rejects commands at once while it is not connected, and never sends a command a second time. With `lazyConnect` it
 * connects with the first command; `protocol` is the version that it speaks, by default what ioredis takes.
 *
 * NOTE: it has no commandTimeout and no socketTimeout. They set a timer for each command, which costs 4 to 8 % of a round
 * trip on the loopback interface; the store notices a silence by itself.
 *
 * Throws UsageError if the address is no such URL or the package `ioredis` is not installed.
 */
export async function connectRedis(
  url: string,
  { lazyConnect = false, protocol }: { readonly lazyConnect?: boolean; readonly protocol?: 2 } = {},
): Promise<IoredisClient> {
  const { tls, ...address } = parseRedisUrl(url);
  const { Redis, AbstractConnector } = await import('ioredis').catch(notInstalled);
  const Connector = class extends AbstractConnector {
    constructor() {
      super(disconnectTimeoutMs);
    }

    /** As ioredis itself connects, but for the buffer. */
    async connect(): Promise<Socket> {
      this.connecting = true;
      const socket = bufferedSocket().connect({ host: address.host, port: address.port });
      socket.once('error', (error) => {
        this.firstError = error;
      });
      this.stream = socket;
      return socket;
    }
  };
  const client = new Redis({
    ...address,
    ...(tls ? { tls: {} } : { Connector }),
    lazyConnect,
    ...(protocol ? { protocol } : {}),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: connectTimeoutMs,
    disconnectTimeout: disconnectTimeoutMs,
    retryStrategy: (attempt) => Math.min(25 * 2 ** Math.min(attempt, 10), longestReconnectMs),
  });
  // Without a listener ioredis prints every failed attempt to the console; the failed commands tell the same.
  client.on('error', () => undefined);
  return client;
}

/** Reads a Redis URL. Throws UsageError, without repeating what may be a password. */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === '') throw invalidUrl('this is not one');
  if (url.search !== '' || url.hash !== '') {
    throw invalidUrl('it takes no options; give an ioredis client instead, made with the options that you need');
  }
  const db = /^\/?(\d*)$/.exec(url.pathname)?.[1];
  if (db === undefined) throw invalidUrl('the path must be the number of the database, such as /1');
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    db: Number(db),
    username: decoded(url.username),
    password: decoded(url.password),
    tls: url.protocol === 'rediss:',
  };
}

function decoded(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalidUrl('in user and password the % sign must be written as %25');
  }
}

function invalidUrl(reason: string): UsageError {
  return new UsageError(
    `A Redis cache needs a URL such as 'redis://user:password@localhost:6379/0' or 'rediss://…' for TLS: ${reason}.`,
  );
}

function notInstalled(cause: unknown): never {
  throw new UsageError("A cache in Redis needs the package 'ioredis': run npm install ioredis.", { cause });
}
