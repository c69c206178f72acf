import { cached, connect, type Database } from '../../src/index.js';
import { Hold } from '../concurrency/support/hold.js';
import { freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { until } from './until.js';

const sides = ['left', 'right'] as const;

/** Two connections of these names with one cache in Redis and nothing else in common, as two processes have. */
interface TwoSides {
  /** Resolves when both have been answered what they had asked of Redis, and what followed from it. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

async function twoSides(): Promise<TwoSides> {
  const [cache, prefix] = [await sharedRedisUrl(), freshPrefix()];
  const opened: Database[] = [];
  for (const name of sides) opened.push(await connect({ name, database: 'sqlite::memory:', cache, prefix }));
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 4; round += 1) for (const db of opened) await db.cache.get('nothing');
  };
  await settle(); // with its first look each takes others to have written
  return { settle, close: async () => void (await Promise.all(opened.map((db) => db.close()))) };
}

/** What both sides get that ask at the same time for a value under a lock, each run of which gives its number. */
export async function lockedByBoth(label: string): Promise<readonly number[]> {
  const both = await twoSides();
  const [hold, missed] = [new Hold(), [] as string[]];
  let runs = 0;
  const compute = async (): Promise<number> => {
    runs += 1;
    const run = runs;
    await hold.arrive();
    return run;
  };
  // NOTE: each declaration from this place takes the label of the one before, which goes on all the same
  const [left, right] = sides.map((connection) =>
    cached(label, compute, {
      connection,
      ttl: '1m',
      lock: { waitMs: 10_000, pollMs: 5 },
      onMiss: () => missed.push(connection),
    }),
  );
  try {
    const values = Promise.all([left?.() ?? 0, right?.() ?? 0]);
    await until(() => missed.length === 2);
    await both.settle();
    hold.release();
    return await values;
  } finally {
    right?.undeclare();
    await both.close();
  }
}
