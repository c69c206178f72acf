import { subscribe } from 'node:diagnostics_channel';
import { Redis } from 'ioredis';
import { connect, RedisStore } from '../../../src/index.js';
import type { QueryEvent } from '../../../src/telemetry/channels.js';
import { CountingStore } from '../../../src/testing/index.js';
import { lists, type ListName } from './stampede-models.js';

/*
 * One of several processes that ask for the same cold list at the same time. Told by its parent, over the channel between
 * them, how often to ask.
 */

/** Acquires of a store after which a process can only be waiting for a lock: it looks again and again whether it is free. */
const waitsAfter = 4;

const [database = '', cache = '', prefix = '', name = ''] = process.argv.slice(2);
const redis = new Redis(cache);
const store = new CountingStore(new RedisStore(redis));
const db = await connect({ database, cache: store, prefix });
const statements: string[] = [];
subscribe('moneyclip:query', (event) => void statements.push((event as QueryEvent).text)); // what this channel carries

async function ask(): Promise<string> {
  const rows = await lists[name as ListName]().all(); // as its parent was given it
  return rows.map(({ id }) => id).join();
}

async function askOften(calls: number): Promise<void> {
  const watch = setInterval(() => {
    if (store.calls.acquire < waitsAfter) return;
    process.send?.('waiting');
    clearInterval(watch);
  }, 5);
  watch.unref();
  const values = await Promise.all(Array.from({ length: calls }, ask));
  process.send?.({ values: [...new Set(values)], statements });
}

async function end(): Promise<void> {
  await db.close();
  await redis.quit();
  process.disconnect();
}

process.on('message', (message: { calls: number } | 'end') => {
  void (message === 'end' ? end() : askOften(message.calls));
});
process.send?.('ready');
