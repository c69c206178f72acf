import { isPromise, type Awaitable } from './awaitable.js';

const longestPauseMs = 25;

/**
 * Tries again, without blocking the process, while `isTransient` says of the error that a moment later it may work; the
 * error itself after `timeoutMs`.
 */
export async function retryWhile<T>(
  isTransient: (error: unknown) => boolean,
  attempt: () => Awaitable<T>,
  timeoutMs: number,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      const answer = attempt();
      return isPromise(answer) ? await answer : answer;
    } catch (error) {
      if (!isTransient(error) || performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
