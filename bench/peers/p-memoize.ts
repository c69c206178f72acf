import pMemoize from 'p-memoize';
import { functionsOver, listsOver, type Keep } from '../contenders/over-a-cache.js';
import { PlainDatabase } from '../contenders/plain-database.js';
import type { Session, World } from '../contender.js';
import { documentCount } from '../dataset.js';
import { inTurn } from './key-value-session.js';

/** p-memoize over a Map in this process: nothing ever ends what it keeps. */
export async function open(world: World): Promise<Session> {
  const database = new PlainDatabase(world.postgresUrl);
  const kept = new Map<string, unknown>();
  const memoized = pMemoize(async (_: string, load: () => Promise<unknown>) => load(), {
    cacheKey: ([key]) => key,
    cache: kept,
  });
  const keep = memoized as unknown as Keep; // what is loaded under a key is of one type
  const read = (id: number): ReturnType<PlainDatabase['document']> =>
    keep(`document:${id}`, () => database.document(id)) as ReturnType<PlainDatabase['document']>; // it is asynchronous
  return {
    warm: () => inTurn(documentCount, read),
    read,
    ...listsOver(keep, database),
    ...functionsOver(keep, database),
    forget: async () => kept.clear(),
    statements: () => database.statements,
    close: () => database.close(),
  };
}
