import { LRUCache } from 'lru-cache';
import type { Session, World } from '../contender.js';
import { badgeOf, documentCount, documentOf, idsTo, userCount, userOf } from '../dataset.js';
import { functionsOver, listsOver } from './over-a-cache.js';
import { PlainDatabase } from './plain-database.js';

/** The limit of what is possible in this process: one object that all callers share, and nobody checks. */
export async function open(world: World): Promise<Session> {
  const database = new PlainDatabase(world.postgresUrl);
  const kept = new LRUCache<string, object>({ max: 4 * documentCount, ttl: 3_600_000 });
  const cached = <T extends object>(key: string, load: () => Promise<T>): T | Promise<T> => {
    const found = kept.get(key) as T | undefined; // only this function and warm() store, each key for one type
    return found ?? load().then((value) => (kept.set(key, value), value));
  };
  const results = new LRUCache<string, { readonly value: unknown }>({ max: 20 * documentCount, ttl: 3_600_000 });
  const keep = <T>(key: string, load: () => Promise<T>): T | Promise<T> => {
    const found = results.get(key) as { readonly value: T } | undefined; // as above
    return found ? found.value : load().then((value) => (results.set(key, { value }), value));
  };
  const read = (id: number): ReturnType<Session['read']> => cached(`document:${id}`, () => database.document(id));
  const badge = async (id: number): Promise<{ text: string }> => ({ text: await database.badge(id) });
  return {
    warm: async (work) => {
      for (const id of idsTo(documentCount)) kept.set(`document:${id}`, documentOf(id));
      for (const id of idsTo(userCount)) kept.set(`user:${id}`, userOf(id));
      if (work === 'badge') for (const id of idsTo(documentCount)) kept.set(`badge:${id}`, { text: badgeOf(id) });
    },
    read,
    ...listsOver(keep, database),
    ...functionsOver(keep, database),
    badge: async (id) => (await cached(`badge:${id}`, () => badge(id))).text,
    save: async (id, views) => {
      await database.setViews(id, views);
      kept.delete(`document:${id}`);
    },
    forget: async () => {
      kept.clear();
      results.clear();
    },
    statements: () => database.statements,
    storedBytes: async (ids) => ids.reduce((sum, id) => sum + JSON.stringify(kept.get(`document:${id}`)).length, 0),
    close: () => database.close(),
  };
}
