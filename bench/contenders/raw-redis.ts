import { Redis } from 'ioredis';
import type { DocumentLike, Session, World } from '../contender.js';
import { badgeOf, documentCount, documentOf, idsTo, userCount, userOf } from '../dataset.js';
import { batchPerTick } from './batch-per-tick.js';
import { functionsOver, listsOver } from './over-a-cache.js';
import { PlainDatabase } from './plain-database.js';
import { setAll } from './set-all.js';

interface WithAuthor extends DocumentLike {
  readonly authorId: number;
}

/** Cache-aside as one writes it by hand. `get`: one GET for each read. `mget`: those of one tick leave as one MGET. */
export async function open(world: World, variant: string): Promise<Session> {
  const redis = new Redis(world.redisUrl);
  const database = new PlainDatabase(world.postgresUrl);
  const get = variant === 'mget' ? batchPerTick((keys: string[]) => redis.mget(keys)) : (key: string) => redis.get(key);
  const cached = async <T>(key: string, load: () => Promise<unknown>): Promise<T> => {
    const text = (await get(key)) ?? (await store(redis, key, await load()));
    return JSON.parse(text) as T; // what this module stored under the key
  };
  const read = (id: number): Promise<WithAuthor> => cached(`document:${id}`, () => database.document(id));
  const username = async (id: number): Promise<string> =>
    (await cached<{ username: string }>(`user:${id}`, () => database.user(id))).username;
  return {
    warm: () => fill(redis),
    read,
    authors: (ids) => Promise.all(ids.map(async (id) => username((await read(id)).authorId))),
    authorsInBulk: async (ids) => {
      const documents = await parseAll<WithAuthor>(
        redis,
        ids.map((id) => `document:${id}`),
      );
      const users = await parseAll<{ username: string }>(
        redis,
        documents.map(({ authorId }) => `user:${authorId}`),
      );
      return users.map((user) => user.username);
    },
    ...listsOver(cached, database),
    ...functionsOver(cached, database),
    labels: (ids) =>
      parseAll<string>(
        redis,
        ids.map((id) => `label:${id}`),
      ),
    badge: (id) => cached<string>(`badge:${id}`, () => database.badge(id)),
    save: async (id, views) => {
      await database.setViews(id, views);
      await redis.del(`document:${id}`);
    },
    forget: async () => {
      await redis.flushdb();
    },
    statements: () => database.statements,
    close: async () => {
      await redis.quit();
      await database.close();
    },
  };
}

async function store(redis: Redis, key: string, value: unknown): Promise<string> {
  const text = JSON.stringify(value);
  await redis.set(key, text, 'EX', 3600);
  return text;
}

async function fill(redis: Redis): Promise<void> {
  const ids = idsTo(documentCount);
  await setAll(redis, [
    ...ids.map((id) => [`document:${id}`, JSON.stringify(documentOf(id))] as const),
    ...idsTo(userCount).map((id) => [`user:${id}`, JSON.stringify(userOf(id))] as const),
    ...ids.map((id) => [`badge:${id}`, JSON.stringify(badgeOf(id))] as const),
  ]);
}

async function parseAll<T>(redis: Redis, keys: readonly string[]): Promise<T[]> {
  const texts = await redis.mget([...keys]);
  return texts.map((text) => JSON.parse(text ?? '') as T); // filled before
}
