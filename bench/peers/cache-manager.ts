import KeyvRedis from '@keyv/redis';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import type { Session, World } from '../contender.js';
import { keyValueSession } from './key-value-session.js';

const ttlMs = 3_600_000;

/** `redis`: Redis alone; `memory+redis`: Keyv's Map in this process in front of it. */
export async function open(world: World, variant: string): Promise<Session> {
  const redis = new Keyv({ store: new KeyvRedis(world.redisUrl) });
  const memory = new Keyv();
  const cache = createCache({ ttl: ttlMs, stores: variant === 'redis' ? [redis] : [memory, redis] });
  return keyValueSession(
    {
      getOrSet: (key, load) => cache.wrap(key, load),
      getMany: async <T>(keys: readonly string[]) => (await cache.mget<T>([...keys])) as T[], // they are warm
      delete: (key) => cache.del(key),
      clear: () => cache.clear(),
      close: () => cache.disconnect(),
    },
    world,
  );
}
