import { subscribe } from 'node:diagnostics_channel';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { CachedModel, Column, connect, MemoryStore, PrimaryKey, RedisStore, Table } from '../src/index.js';
import type { CacheStore, Manager } from '../src/index.js';
import type { InvalidationEvent } from '../src/telemetry/channels.js';
import { startRedis } from '../test/setup/servers.js';

/** Measures what very many live conditions on one table take: memory, and the time of a write that invalidates. */

@Table('measured_articles')
class Article extends CachedModel {
  declare static objects: Manager<Article>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare category: number;
}

const { values: given } = parseArgs({
  options: { conditions: { type: 'string', default: '1000000' }, only: { type: 'string', default: '' } },
});
const conditions = Number(given.conditions);
/** Values of one `in`, each a condition of its own. */
const inOne = 100;
const together = 20;
const writes = 2000;
const mebibyte = 1024 * 1024;

/** A store to fill, and what it holds then. */
interface Case {
  readonly name: string;
  readonly store: CacheStore;
  held(): Promise<string>;
}

function inMemory(name: string, options: ConstructorParameters<typeof MemoryStore>[0]): Case {
  const store = new MemoryStore(options);
  return {
    name,
    store,
    held: async () => `${store.entries} texts, ${mebibytes(store.bytes)} counted, process ${mebibytes(grown())}`,
  };
}

function inRedis(name: string, redis: Redis): Case {
  const fact = async (section: string, field: string): Promise<number> => {
    const text = await redis.info(section);
    return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  };
  return {
    name,
    store: new RedisStore(redis),
    held: async () => {
      const [used, evicted] = [await fact('memory', 'used_memory'), await fact('stats', 'evicted_keys')];
      return `${await redis.dbsize()} keys, ${mebibytes(used)} used, ${evicted} evicted`;
    },
  };
}

let before = 0;

function grown(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external - before;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / mebibyte)} MiB`;
}

/** Asks for the articles of so many categories through the cache, of many of them at a time. */
async function fill(from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += inOne * together) {
    const lists = Array.from({ length: together }, (_, index) => listFrom(first + index * inOne, to));
    await Promise.all(lists.map((list) => Article.objects.filter({ category__in: list }).cache().exists()));
  }
}

function listFrom(first: number, to: number): number[] {
  return Array.from({ length: Math.max(0, Math.min(inOne, to - first)) }, (_, index) => first + index);
}

/** Microseconds of the median write of one row that moves from one category to another. */
async function costOfWrites(): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < writes; turn += 1) {
    const startedAt = performance.now();
    await Article.objects.filter({ id: 1 }).update({ category: 1 + (turn % 10) });
    times.push((performance.now() - startedAt) * 1000);
  }
  return Math.round(times.toSorted((left, right) => left - right)[writes / 2] ?? 0);
}

/** Whether a write still ends an answer that depends on one of the conditions. */
async function isRight(): Promise<boolean> {
  const rows = Article.objects.filter({ category: 5 }).cache();
  await Article.objects.filter({ id: 1 }).update({ category: 5 });
  const there = await rows.exists();
  await Article.objects.filter({ id: 1 }).update({ category: 6 });
  return there && !(await rows.exists());
}

async function measure({ name, store, held }: Case): Promise<void> {
  before = 0;
  before = grown();
  // NOTE: a store that is slow for a moment would be left alone by default, and the figures be of no cache at all
  const db = await connect({ database: 'sqlite::memory:', cache: store, ttl: '1d', onCacheFailure: 'throw' });
  await db.createTables([Article]);
  await Article.create({ id: 1, category: 1 });
  const costs = [`${await costOfWrites()} us without any`];
  await fill(1, 11);
  costs.push(`${await costOfWrites()} us with 10`);
  const startedAt = performance.now();
  await fill(11, conditions + 1);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  costs.push(`${await costOfWrites()} us with ${conditions}`);
  console.log(`${name}: ${conditions} conditions in ${seconds} s: ${await held()}`);
  console.log(`  a write: ${costs.join(', ')}; right: ${await isRight()}`);
  const { bypasses } = db.stats();
  await db.close();
  if (bypasses > 0) throw new Error(`${bypasses} reads went past the store, which failed: measure again, undisturbed`);
}

async function withRedis(maxmemory: string): Promise<void> {
  const server = await startRedis({ settings: { maxmemory, 'maxmemory-policy': 'allkeys-lru' } });
  const redis = new Redis(server.url);
  try {
    await redis.ping();
    await measure(inRedis(`Redis, maxmemory ${maxmemory}`, redis));
  } finally {
    redis.disconnect();
    await server.stop();
  }
}

const stampsOfWrites = new Set<number>();
subscribe('moneyclip:invalidation', (event) => stampsOfWrites.add((event as InvalidationEvent).stamps.length)); // what this channel carries

const cases: Readonly<Record<string, () => Promise<void>>> = {
  memory: () => measure(inMemory('memory, as it comes', {})),
  'memory-all': () => measure(inMemory('memory, all kept', { maxEntries: 2 ** 23, maxBytes: 4096 * mebibyte })),
  redis: () => withRedis('256mb'),
  'redis-full': () => withRedis('64mb'),
};
for (const [name, run] of Object.entries(cases)) if (given.only === '' || given.only === name) await run();
console.log(`stamps that a write of one row drops: ${[...stampsOfWrites].join(' or ')}`);
