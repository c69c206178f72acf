import { currentFrame } from '../cache/dependency-frame.js';
import { dependenciesOfQuery } from '../invalidation/query-dependencies.js';
import type { ObservedQuery, QueryObserver } from '../query/query-observer.js';
import type { Row } from '../schema/cell.js';
import { isPromise } from '../support/awaitable.js';
import type { ModelCache } from './model-cache.js';

/**
 * Notes what queries read while something is computed: their stamps are acquired before the database is asked, so a
 * write in between leaves the computed value without a valid stamp. Costs nothing where nothing is being computed.
 * Reads by key that a policy wants cached are answered by the cache.
 */
export function queryTracker(cache: ModelCache): QueryObserver {
  return {
    around: (query, run) => (currentFrame() ? track(cache, query, run) : run()),
    answer: (model, key, operation) => {
      if (!cache.policy(model.label).automatic(operation)) return undefined;
      const read = cache.rows(model).read(key);
      return isPromise(read) ? read.then(({ row }) => row) : Promise.resolve(read.row);
    },
  };
}

async function track(
  cache: ModelCache,
  query: ObservedQuery,
  run: () => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const frame = currentFrame();
  const { state } = query;
  const reason = cache.bypassReason(cache.policy(state.model.label).allowed);
  if (reason !== undefined) {
    frame?.spoil(reason);
    return run();
  }
  const stampKeys = cache.stampKeys(dependenciesOfQuery(query));
  const stamps = await cache.engine.acquire(stampKeys);
  try {
    const result = await run();
    if (stamps) frame?.record(cache.engine, stampKeys, stamps);
    else frame?.spoil('the store failed');
    return result;
  } catch (error) {
    frame?.spoil('a query in it failed');
    throw error;
  }
}
