import { currentFrame } from '../cache/dependency-frame.js';

/**
 * The signal that is aborted when the computation around this call is given up, because it takes longer than its
 * `computeTimeout`; undefined where nothing is being computed. For `fetch` and the like. It is no argument of the
 * function, since that would make it part of the key and of the function's type.
 */
export function computeSignal(): AbortSignal | undefined {
  return currentFrame()?.signal;
}
