import { UsageError } from '../errors.js';
import type { RowLock } from '../schema/query-state.js';

/** What to do with rows that somebody else has locked; where neither is said, to wait for them. */
export interface LockOptions {
  /** Leave them out. */
  readonly skipLocked?: boolean | undefined;
  /** Throw TransactionConflictError at once. */
  readonly noWait?: boolean | undefined;
}

export function rowLock(strength: RowLock['strength'], { skipLocked, noWait }: LockOptions): RowLock {
  if (skipLocked && noWait) {
    throw new UsageError('A row lock skips rows that are locked, or fails at them: skipLocked or noWait, not both.');
  }
  return { strength, others: skipLocked ? 'skip' : noWait ? 'fail' : undefined };
}
