import { connect, type Database } from '../../src/index.js';
import { freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';

export const sides = ['left', 'right'] as const;

/** Two connections of these names with one cache in Redis and nothing else in common, as two processes have. */
export interface TwoSides {
  /** Resolves when both have been answered what they had asked of Redis, and what followed from it. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export async function twoSides(): Promise<TwoSides> {
  const [cache, prefix] = [await sharedRedisUrl(), freshPrefix()];
  const opened: Database[] = [];
  for (const name of sides) opened.push(await connect({ name, database: 'sqlite::memory:', cache, prefix }));
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 4; round += 1) for (const db of opened) await db.cache.get('nothing');
  };
  await settle(); // with its first look each takes others to have written
  return { settle, close: async () => void (await Promise.all(opened.map((db) => db.close()))) };
}
