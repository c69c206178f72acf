import type { DocumentLike, Session, World } from '../contender.js';
import { documentCount, idsTo, userCount } from '../dataset.js';
import { functionsOver, listsOver } from '../contenders/over-a-cache.js';
import { PlainDatabase } from '../contenders/plain-database.js';

/** What a key-value cache must offer to be compared. */
export interface KeyValueCache {
  getOrSet<T>(key: string, load: () => Promise<T>): Promise<T>;
  getMany?<T>(keys: readonly string[]): Promise<T[]>;
  delete(key: string): Promise<unknown>;
  clear(): Promise<unknown>;
  close(): Promise<unknown>;
}

interface WithAuthor extends DocumentLike {
  readonly authorId: number;
}

const together = 64;

/** The work of a session with a cache that knows keys and values only, over prepared statements. */
export function keyValueSession(cache: KeyValueCache, world: World): Session {
  const database = new PlainDatabase(world.postgresUrl);
  const read = (id: number): Promise<WithAuthor> =>
    cache.getOrSet<WithAuthor>(`document:${id}`, () => database.document(id));
  const user = (id: number): Promise<{ username: string }> => cache.getOrSet(`user:${id}`, () => database.user(id));
  const badge = (id: number): Promise<string> => cache.getOrSet(`badge:${id}`, () => database.badge(id));
  const functions = functionsOver((key, load) => cache.getOrSet(key, load), database);
  const { getMany } = cache;
  return {
    warm: async (work) => {
      await inTurn(documentCount, read);
      await inTurn(userCount, user);
      if (work === 'badge') await inTurn(documentCount, badge);
    },
    read,
    badge,
    ...listsOver((key, load) => cache.getOrSet(key, load), database),
    ...functions,
    labels: (ids) =>
      getMany ? getMany<string>(ids.map((id) => `label:${id}`)) : Promise.all(ids.map((id) => functions.label(id))),
    authors: (ids) => Promise.all(ids.map(async (id) => (await user((await read(id)).authorId)).username)),
    ...(getMany && {
      authorsInBulk: async (ids: readonly number[]) => {
        const documents = await getMany<WithAuthor>(ids.map((id) => `document:${id}`));
        const users = await getMany<{ username: string }>(documents.map(({ authorId }) => `user:${authorId}`));
        return users.map(({ username }) => username);
      },
    }),
    save: async (id, views) => {
      await database.setViews(id, views);
      await cache.delete(`document:${id}`);
    },
    forget: async () => {
      await cache.clear();
    },
    statements: () => database.statements,
    close: async () => {
      await cache.close();
      await database.close();
    },
  };
}

/** Reads everything once, a number at a time. */
export async function inTurn(count: number, read: (id: number) => unknown): Promise<void> {
  const ids = idsTo(count);
  for (let start = 0; start < count; start += together) {
    await Promise.all(ids.slice(start, start + together).map(read));
  }
}
