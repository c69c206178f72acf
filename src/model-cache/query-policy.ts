import type { ObservedQuery } from '../query/query-observer.js';
import type { Policy } from './policy.js';
import type { AnswerLife } from './query-cache.js';

/** How long a read's answer is to be kept; undefined where it does not go through the cache. */
export function lifeOfAnswer(query: ObservedQuery, policyOf: (label: string) => Policy): AnswerLife | undefined {
  const { state, operation } = query;
  const { caching } = state;
  const policy = policyOf(state.model.label);
  if (caching === false || state.lock || !policy.allowed || showsForbidden(query, policyOf)) return undefined;
  if (!caching) {
    return policy.automatic(operation) ? { ttlMs: policy.ttlMs(operation), isOwn: false, isLocked: false } : undefined;
  }
  const { ops, ttlMs, lock: isLocked = false } = caching;
  if (ops && !ops.includes(operation)) return undefined;
  return { ttlMs: ttlMs ?? policy.ttlMs(operation), isOwn: ttlMs !== undefined, isLocked };
}

/** Whether it shows something of another model of which nothing may be cached. */
function showsForbidden({ shown }: ObservedQuery, policyOf: (label: string) => Policy): boolean {
  return shown.some(({ path }) => path.some(({ target }) => !policyOf(target.label).allowed));
}
