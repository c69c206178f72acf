import type { Redis } from 'ioredis';

const chunk = 5_000;

/**
 * Stores texts for an hour, as every contender stores what it has read: with keys that end, Redis looks each key up a
 * second time to see whether it has ended.
 */
export async function setAll(redis: Redis, texts: readonly (readonly [key: string, text: string])[]): Promise<void> {
  for (let start = 0; start < texts.length; start += chunk) {
    const pipeline = redis.pipeline();
    for (const [key, text] of texts.slice(start, start + chunk)) pipeline.set(key, text, 'EX', 3600);
    await pipeline.exec();
  }
}
