import { Redis } from 'ioredis';
import type { DocumentLike, Session, World } from '../contender.js';
import { badgeOf, documentCount, documentOf, idsTo, userCount, userOf } from '../dataset.js';

interface WithAuthor extends DocumentLike {
  readonly authorId: number;
}

/** A value with the stamps that it was computed under, as text. */
type Entry = readonly [stamps: string, value: unknown];

interface Asked {
  readonly keys: readonly string[];
  readonly resolve: (texts: readonly (string | null)[]) => void;
}

const stamp = 'AbCdEfGhIjKl';
const shared = ['{by-hand:}s:b:documents', '{by-hand:}epoch'];
const sharedByUsers = ['{by-hand:}s:b:users', '{by-hand:}epoch'];

/**
 * What a cache that is right by itself cannot do without, and nothing else: each value is read with the stamps of all that
 * it was computed from, by one MGET for each tick, and answered only where they are those that it carries. It hydrates
 * nothing, tracks nothing and has no deadline. Its keys are as long, and as many, as those of the library.
 */
export async function open(world: World): Promise<Session> {
  const redis = new Redis(world.redisUrl);
  const ask = collecting(redis);
  const get = async <T>(key: string, stamps: readonly string[]): Promise<T> =>
    valueIn<T>(await ask([key, ...stamps]), stamps.length);
  const read = (id: number): Promise<WithAuthor> =>
    get(`by-hand:Documents01:${id}`, [rowStamp('documents', id), ...shared]);
  const user = (id: number): Promise<{ username: string }> =>
    get(`by-hand:UsersOfThem:${id}`, [rowStamp('users', id), ...sharedByUsers]);
  return {
    warm: () => fill(redis),
    read,
    authors: (ids) => Promise.all(ids.map(async (id) => (await user((await read(id)).authorId)).username)),
    authorsInBulk: async (ids) => {
      const documents = await readMany<WithAuthor>(redis, 'Documents01', ['documents', shared], ids);
      const authors = documents.map(({ authorId }) => authorId);
      const users = await readMany<{ username: string }>(redis, 'UsersOfThem', ['users', sharedByUsers], authors);
      return users.map(({ username }) => username);
    },
    badge: (id) => get<string>(badgeKey(id), badgeStamps(id)),
    close: async () => {
      await redis.quit();
    },
  };
}

const rowStamp = (table: string, id: number): string => `{by-hand:}s:r:${table}:${id}`;
const badgeKey = (id: number): string => `by-hand:value:D4JqCZaokL31vd${String(id).padStart(8, '0')}`;

function badgeStamps(id: number): string[] {
  const label = ['{by-hand:}s:k:Document.badge::%s(%s)["' + String(id) + '",""]', '{by-hand:}s:l:Document.badge'];
  const { authorId } = documentOf(id);
  return [
    ...label,
    '{by-hand:}epoch',
    rowStamp('documents', id),
    '{by-hand:}s:b:documents',
    rowStamp('users', authorId),
    '{by-hand:}s:b:users',
  ];
}

/** One MGET for all that is asked for in one tick. */
function collecting(redis: Redis): (keys: readonly string[]) => Promise<readonly (string | null)[]> {
  let waiting: Asked[] = [];
  const flush = async (): Promise<void> => {
    const all = waiting;
    waiting = [];
    const texts = await redis.mget(all.flatMap(({ keys }) => keys));
    let start = 0;
    for (const { keys, resolve } of all) resolve(texts.slice(start, (start += keys.length)));
  };
  return (keys) =>
    new Promise((resolve) => {
      const isFirst = waiting.push({ keys, resolve }) === 1;
      if (isFirst) void Promise.resolve().then(() => process.nextTick(() => void flush()));
    });
}

/** The value of the first text, if the others are the stamps in it. */
function valueIn<T>(texts: readonly (string | null)[], count: number): T {
  const [stamps, value] = JSON.parse(texts[0] ?? '[""]') as Entry;
  const current = texts.slice(1, 1 + count).join(' ');
  if (stamps !== current) throw new Error('what is stored was invalidated');
  return value as T; // filled below
}

async function readMany<T>(
  redis: Redis,
  family: string,
  [table, common]: readonly [string, readonly string[]],
  ids: readonly number[],
): Promise<T[]> {
  const keys = [...ids.map((id) => `by-hand:${family}:${id}`), ...ids.map((id) => rowStamp(table, id)), ...common];
  const texts = await redis.mget(keys);
  const last = texts.slice(2 * ids.length);
  return ids.map((_, index) =>
    valueIn<T>([texts[index] ?? null, texts[ids.length + index] ?? null, ...last], 1 + common.length),
  );
}

async function fill(redis: Redis): Promise<void> {
  const entry = (count: number, value: unknown): string =>
    JSON.stringify([Array.from({ length: count }, () => stamp).join(' '), value]);
  const documents = idsTo(documentCount);
  const users = idsTo(userCount);
  await redis.mset(documents.flatMap((id) => [`by-hand:Documents01:${id}`, entry(3, documentOf(id))]));
  await redis.mset(users.flatMap((id) => [`by-hand:UsersOfThem:${id}`, entry(3, userOf(id))]));
  await redis.mset(documents.flatMap((id) => [badgeKey(id), entry(7, badgeOf(id))]));
  const stamps = [...documents.flatMap((id) => badgeStamps(id)), ...users.map((id) => rowStamp('users', id))];
  for (let start = 0; start < stamps.length; start += 10_000) {
    await redis.mset(stamps.slice(start, start + 10_000).flatMap((key) => [key, stamp]));
  }
}
