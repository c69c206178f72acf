import { Redis } from 'ioredis';
import type { DocumentLike, Session, World } from '../contender.js';
import { documentCount, documentOf, idsTo } from '../dataset.js';

interface Waiting {
  readonly key: string;
  resolve(text: string | null | undefined): void;
  reject(error: unknown): void;
}

/** `get`: one GET for each read. `mget`: what is asked for in one tick leaves as one MGET. */
export async function open(world: World, variant: string): Promise<Session> {
  const redis = new Redis(world.redisUrl);
  const batched = batching(redis);
  const read = variant === 'mget' ? batched : (key: string) => redis.get(key);
  return {
    warm: async () => {
      await redis.mset(idsTo(documentCount).flatMap((id) => [`document:${id}`, JSON.stringify(documentOf(id))]));
    },
    read: async (id) => JSON.parse((await read(`document:${id}`)) ?? '') as DocumentLike, // what warm() stored
    close: async () => {
      await redis.quit();
    },
  };
}

function batching(redis: Redis): (key: string) => Promise<string | null | undefined> {
  let waiting: Waiting[] = [];
  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    redis.mget(batch.map(({ key }) => key)).then(
      (texts) => batch.forEach(({ resolve }, index) => resolve(texts[index])),
      (error: unknown) => batch.forEach(({ reject }) => reject(error)),
    );
  };
  return (key) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ key, resolve, reject }) === 1) void Promise.resolve().then(() => process.nextTick(flush));
    });
}
