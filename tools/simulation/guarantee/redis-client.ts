import type { GateClient, GatePipeline } from '../../../src/store/gate/gate-client.js';
import type { RedisClient, RedisPipeline, RedisPipelineReply } from '../../../src/store/redis-client.js';
import type { RedisFleet } from './redis-fleet.js';
import { RedisLine, type RedisCommand, type RedisWorld } from './redis-line.js';
import { runScript } from './redis-scripts.js';
import type { RedisServer } from './redis-server.js';
import type { Life } from './life.js';

type Operation = (server: RedisServer) => unknown;
type Listener = () => void;

const firstRetryMs = 25;

/** The client of ioredis of one process: it rejects at once without a connection, never sends twice, and connects again. */
export class SimulatedRedisClient implements RedisClient, GateClient {
  readonly isCluster = false;
  readonly options = {};
  status = 'ready';
  readonly #fleet: RedisFleet;
  readonly #world: RedisWorld;
  readonly #life: Life;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #looked: () => void;
  #line: RedisLine | undefined;

  constructor(fleet: RedisFleet, world: RedisWorld, life: Life) {
    this.#looked = () => life.looked(world.windowMs);
    this.#fleet = fleet;
    this.#world = world;
    this.#life = life;
    this.#connect();
  }

  mget(keys: string[]): Promise<(string | null)[]> {
    const answer = this.#ask('MGET', keys, mget(keys)) as Promise<(string | null)[]>; // which it answers
    const looks = keys.some((key) => key.endsWith('gate'));
    if (looks) answer.then(this.#looked, () => undefined);
    return answer;
  }

  set(key: string, value: string, px?: 'PX', ttlMs?: number): Promise<unknown> {
    return this.#ask('SET', [key, value], set(key, value, px && ttlMs));
  }

  unlink(keys: string[]): Promise<unknown> {
    return this.#ask('UNLINK', keys, unlink(keys));
  }

  info(section?: string): Promise<string> {
    return this.#ask('INFO', section, (server) => server.info(section)) as Promise<string>; // which it answers
  }

  eval(script: string, numberOfKeys: number, ...words: string[]): Promise<unknown> {
    const [keys, others] = [words.slice(0, numberOfKeys), words.slice(numberOfKeys)];
    return this.#ask('EVAL', words, (server) => runScript(server, script, keys, others));
  }

  /** NOTE: nothing in the simulation is looked for by its label. */
  zrangebyscore(): Promise<string[]> {
    return Promise.resolve([]);
  }

  pipeline(): RedisPipeline & GatePipeline {
    const queued: (() => Promise<unknown>)[] = [];
    const queue = (name: string, asked: unknown, operation: Operation): number =>
      queued.push(() => this.#ask(name, asked, operation));
    const nothing = (): undefined => undefined;
    return {
      mget: (keys: string[]) => queue('MGET', keys, mget(keys)),
      set: (key: string, value: string, ...options: unknown[]) =>
        queue('SET', [key, value, ...options], setWith(key, value, options)),
      unlink: (keys: string[]) => queue('UNLINK', keys, unlink(keys)),
      time: () => queue('TIME', '', (server) => server.time()),
      info: (section: string) => queue('INFO', section, (server) => server.info(section)),
      get: (key: string) => queue('GET', key, (server) => server.text(key) ?? null),
      zadd: nothing,
      zremrangebyscore: nothing,
      zremrangebyrank: nothing,
      exec: () => Promise.all(queued.map((send) => send().then(toReply, toErrorReply))),
    };
  }

  on(event: string, listener: (error: Error) => void): this {
    const listeners = this.#listeners.get(event) ?? new Set();
    listeners.add(listener as Listener); // nobody emits an error
    this.#listeners.set(event, listeners);
    return this;
  }

  off(event: string, listener: Listener): this {
    this.#listeners.get(event)?.delete(listener);
    return this;
  }

  quit(): Promise<unknown> {
    return Promise.resolve();
  }

  disconnect(): void {
    this.#line?.cut(true);
  }

  /** Whether it talks to a process of Redis that was replaced. */
  get isBehind(): boolean {
    return this.#line !== undefined && this.#fleet.isReplaced(this.#line.server);
  }

  /** Loses its connection, for as long as is said. */
  cut(forMs: number): void {
    this.#line?.cut(this.#world.scheduler.random.below(2) === 0, forMs);
  }

  #connect(): void {
    this.status = 'ready';
    this.#line = new RedisLine(this.#world, this.#fleet.route(), {
      name: this.#life.name,
      opened: (line) => this.#fleet.connections.add(line),
      ended: (line, forMs) => this.#ended(line, forMs),
    });
  }

  #ended(line: RedisLine, forMs: number): void {
    this.#fleet.connections.delete(line);
    if (this.#life.isDead) return;
    this.#line = undefined;
    this.status = 'close';
    this.#emit('close');
    this.#life.clock.schedule(firstRetryMs + forMs, () => {
      const { scheduler } = this.#world;
      scheduler.when(`${this.#life.name} connects to Redis again`, () => {
        if (this.#life.isDead) return;
        this.#connect();
        this.#emit('ready');
      });
    });
  }

  #emit(event: string): void {
    for (const listener of this.#listeners.get(event) ?? []) listener();
  }

  #ask(name: string, asked: unknown, execute: Operation): Promise<unknown> {
    const line = this.#line;
    if (!line) return Promise.reject(new Error("Stream isn't writeable and enableOfflineQueue options is false"));
    return new Promise((resolve, reject) => {
      const command: RedisCommand = {
        name,
        asked,
        execute,
        resolve: this.#unlessDead(resolve),
        reject: this.#unlessDead(reject),
      };
      line.send(command);
    });
  }

  #unlessDead<T>(settle: (value: T) => void): (value: T) => void {
    return (value) => {
      if (!this.#life.isDead) settle(value);
    };
  }
}

function mget(keys: readonly string[]): Operation {
  return (server) => keys.map((key) => server.text(key) ?? null);
}

function unlink(keys: readonly string[]): Operation {
  return (server) => {
    for (const key of keys) server.unlink(key);
    return keys.length;
  };
}

function set(key: string, value: string, ttlMs: number | undefined): Operation {
  return (server) => {
    server.set(key, value, ttlMs === undefined ? Infinity : server.nowMs + ttlMs);
    return 'OK';
  };
}

/** SET with the options of a pipeline: `PX` and a time, and `NX`. */
function setWith(key: string, value: string, options: readonly unknown[]): Operation {
  const ttlMs = options[0] === 'PX' ? Number(options[1]) : undefined;
  const setNow = set(key, value, ttlMs);
  if (options.at(-1) !== 'NX') return setNow;
  return (server) => (server.text(key) === undefined ? setNow(server) : null);
}

function toReply(value: unknown): RedisPipelineReply {
  return [null, value];
}

function toErrorReply(error: Error): RedisPipelineReply {
  return [error, undefined];
}
