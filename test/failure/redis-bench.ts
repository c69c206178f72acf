import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { CacheStore, CacheWrite } from '../../src/store/cache-store.js';
import { openStore, type StoreSetting } from '../../src/store/open-store.js';
import { ResilientStore } from '../../src/store/resilient-store.js';
import { systemClock } from '../../src/support/clock.js';
import { startRedis, type ServerSettings, type TestServer } from '../setup/servers.js';

/** The longest that an operation may take. */
export const deadlineMs = 250;

/** What a busy machine may add to that. */
export const slackMs = 400;

export function entry(key: string, value = `of ${key}`): CacheWrite {
  return { key, value, ttlMs: 60_000 };
}

/** What the tests of a suite start, and end after each of them. */
export class Bench {
  readonly #cleanUp: (() => unknown)[] = [];

  async startServer(settings: ServerSettings = {}): Promise<TestServer> {
    const server = await startRedis({ settings });
    this.afterwards(() => server.kill());
    return server;
  }

  async open(setting: StoreSetting): Promise<ResilientStore> {
    const store = await openStore(setting, { clock: systemClock });
    expect(store).to.be.instanceOf(ResilientStore);
    this.afterwards(() => store.close().catch(() => undefined));
    return store as ResilientStore; // expected in the line before
  }

  /** Runs `task` when the test is over; the last one first. */
  afterwards(task: () => unknown): void {
    this.#cleanUp.push(task);
  }

  async clear(): Promise<void> {
    for (const task of this.#cleanUp.splice(0).reverse()) await task();
  }
}

export interface Attempt<Value> {
  readonly ms: number;
  readonly value: Value | undefined;
  readonly error: unknown;
}

export async function attempt<Value>(run: () => PromiseLike<Value>): Promise<Attempt<Value>> {
  const start = performance.now();
  try {
    return { value: await run(), error: undefined, ms: performance.now() - start };
  } catch (error) {
    return { value: undefined, error, ms: performance.now() - start };
  }
}

export async function failureOf(operation: PromiseLike<unknown>): Promise<unknown> {
  return (await attempt(() => operation)).error;
}

/** Reads again and again until the store answers; fails after five seconds. */
export async function untilAnswered(store: CacheStore, key: string): Promise<string | undefined> {
  const end = performance.now() + 5_000;
  for (;;) {
    const { value, error } = await attempt(async () => store.read([key]));
    if (value) return value[0];
    if (performance.now() > end) throw error;
    await wait(10);
  }
}

export async function command(server: TestServer, name: string, ...words: string[]): Promise<void> {
  const client = new Redis(server.port);
  client.on('error', () => undefined);
  await client.call(name, ...words).finally(() => client.disconnect());
}
