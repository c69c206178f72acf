import { retryWhile } from '../../support/retry-while.js';
import { isBusy } from './sqlite-errors.js';

/** Tries again while another connection holds a lock, without blocking the process: the holder may be this very process. */
export function retryWhileBusy<T>(attempt: () => T, timeoutMs: number): Promise<T> {
  return retryWhile(isBusy, attempt, timeoutMs);
}
