import { connect } from '../../src/index.js';
import type { Session, World } from '../contender.js';
import { documentCount, idsTo, userCount } from '../dataset.js';
import { Document, User } from './model.js';

const chunk = 500;

/** `<database>+<cache>`, such as `sqlite+memory` or `postgres+redis`. */
export async function open(world: World, variant: string): Promise<Session> {
  const [database, cache] = variant.split('+');
  const db = await connect({
    database: database === 'sqlite' ? `sqlite:${world.sqliteFile}` : world.postgresUrl,
    cache: cache === 'redis' ? world.redisUrl : 'memory:',
    ttl: '1d',
    enabled: cache !== 'off',
  });
  return {
    warm: async () => {
      const misses = (): number => db.stats().misses;
      for (let before = -1; before !== misses(); ) {
        before = misses();
        await readAll(User, userCount);
        await readAll(Document, documentCount);
      }
    },
    read: (id) => Document.cache.get(id),
    close: () => db.close(),
  };
}

async function readAll(model: typeof User | typeof Document, count: number): Promise<void> {
  const ids = idsTo(count);
  for (let start = 0; start < count; start += chunk) await model.cache.getMany(ids.slice(start, start + chunk));
}
