import { UsageError } from '../errors.js';

/** Refuses what is no number of rows. */
export function wholeNumber(method: string, count: unknown, least = 0): number {
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= least) return count;
  const got = typeof count === 'number' || typeof count === 'string' ? String(count) : typeof count;
  throw new UsageError(`${method} takes a whole number from ${least}, got ${got}`);
}
