import { randomFillSync } from 'node:crypto';

const stampBytes = 9;
const pool = Buffer.allocUnsafe(stampBytes * 512);
let used = pool.length;

/**
 * A new stamp: 72 random bits as 12 characters. Never a counter and never a clock, since those recur when a store
 * loses data; a stamp that was dropped never comes back.
 */
export function randomStamp(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const start = used;
  used += stampBytes;
  return pool.toString('base64url', start, used);
}
