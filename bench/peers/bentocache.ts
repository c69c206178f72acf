import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisDriver } from 'bentocache/drivers/redis';
import { Redis } from 'ioredis';
import type { Session, World } from '../contender.js';
import { keyValueSession } from './key-value-session.js';

/** `redis`: Redis alone; `memory+redis`: the values of this process in front of it, by reference. */
export async function open(world: World, variant: string): Promise<Session> {
  const connection = new Redis(world.redisUrl) as never; // its types are those of ioredis 5
  const redis = bentostore().useL2Layer(redisDriver({ connection, prefix: 'bento' }));
  const store = variant === 'redis' ? redis : redis.useL1Layer(memoryDriver({ maxItems: 50_000, serialize: false }));
  const cache = new BentoCache({ default: 'documents', ttl: '1h', stores: { documents: store } });
  return keyValueSession(
    {
      getOrSet: (key, load) => cache.getOrSet({ key, factory: load }),
      delete: (key) => cache.delete({ key }),
      clear: () => cache.clear(),
      close: () => cache.disconnectAll(),
    },
    world,
  );
}
