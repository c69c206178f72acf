import { LRUCache } from 'lru-cache';
import type { DocumentLike, Session } from '../contender.js';
import { documentCount, documentOf, idsTo } from '../dataset.js';

/** The limit of what is possible in this process: one shared object for all callers, never checked. */
export async function open(): Promise<Session> {
  const kept = new LRUCache<string, DocumentLike>({ max: 2 * documentCount, ttl: 3_600_000 });
  return {
    warm: async () => {
      for (const id of idsTo(documentCount)) kept.set(`document:${id}`, documentOf(id));
    },
    read: (id) => kept.get(`document:${id}`)!,
    close: async () => undefined,
  };
}
