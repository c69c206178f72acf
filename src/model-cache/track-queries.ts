import { currentFrame, type DependencyFrame } from '../cache/dependency-frame.js';
import type { ObservedQuery, QueryObserver, RawRead, RowReader } from '../query/query-observer.js';
import type { Row } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';
import type { QueryState } from '../schema/query-state.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import { knownDependencies, recordKnownRows } from './known-rows.js';
import type { ModelCache } from './model-cache.js';
import { hasValues, namedRowOf, type NamedRow } from './named-row.js';
import type { AnswerLife } from './query-cache.js';
import { lifeOfAnswer } from './query-policy.js';
import type { RowRead } from './row-cache.js';
import { dependenciesOfSources } from './watch-sources.js';

type Run = () => Promise<readonly Row[]>;

/**
 * Answers reads from the cache where they or a policy ask for it, and notes what all others read while something is
 * computed: their stamps are acquired before the database is asked, so a write in between leaves the computed value
 * without a valid stamp. Costs nothing where nothing is being computed.
 */
export function queryTracker(cache: ModelCache): QueryObserver {
  return {
    around: (query, run) => {
      const life = lifeOfAnswer(query, (label) => cache.policy(label));
      if (life) {
        const otherwise = (): Promise<readonly Row[]> => cache.queries(query.state.model).answer(query, life, run);
        return answerFromCache(cache, query, { life, otherwise });
      }
      return currentFrame() ? trackQuery(cache, query, run) : run();
    },
    aroundRaw: (read, run) => (currentFrame() ? trackRaw(cache, read, run) : run()),
    answer: (model, key, operation) => {
      if (!cache.policy(model.label).automatic(operation)) return undefined;
      const read = cache.rows(model).read(key, operation);
      return isPromise(read) ? read.then(({ row }) => row) : Promise.resolve(read.row);
    },
    relatedReader: (state) => (currentFrame() || isCached(cache, state) ? rowReader(cache) : undefined),
  };
}

/** Whether the rows of a query come from the cache. */
function isCached(cache: ModelCache, state: QueryState): boolean {
  const query: ObservedQuery = { state, operation: 'fetch', shown: [], identity: () => '' };
  return lifeOfAnswer(query, (label) => cache.policy(label)) !== undefined;
}

/** Reads each row through its own entry, all of one tick together. */
function rowReader(cache: ModelCache): RowReader {
  return async (model, keys) => {
    const reads = await cache.rows(model).readMany(keys, 'reference');
    return reads.map(({ row }) => row);
  };
}

/**
 * A `get` by a key or another unique value is answered by the row's own entry, which it shares with `Model.cache`, unless
 * it is to end before that does.
 */
async function answerFromCache(
  cache: ModelCache,
  query: ObservedQuery,
  { life, otherwise }: { readonly life: AnswerLife; readonly otherwise: () => Promise<readonly Row[]> },
): Promise<readonly Row[]> {
  const { model } = query.state;
  const named = life.ttlMs < cache.policy(model.label).ttlMs('get') ? undefined : namedRowOf(query);
  if (!named) return otherwise();
  const { row } = await readNamed(cache, model, named);
  const matches = row ? hasValues(row, named.others) : false;
  if (matches === undefined) return otherwise();
  return row && matches ? [row] : [];
}

function readNamed(cache: ModelCache, model: ModelSchema, { column, cell }: NamedRow): Awaitable<RowRead> {
  return column.primaryKey ? cache.rows(model).read(cell) : cache.uniqueKeys(model).readBy(column, cell);
}

/** What a read depends on, and what is to be recorded of it besides. */
interface Tracked {
  readonly model: ModelSchema;
  dependencies(): readonly string[];
  record?(frame: DependencyFrame): Promise<void>;
}

function trackQuery(cache: ModelCache, query: ObservedQuery, run: Run): Promise<readonly Row[]> {
  return track(
    cache,
    {
      model: query.state.model,
      dependencies: () => knownDependencies(query),
      record: (frame) => recordKnownRows(cache, query, frame),
    },
    run,
  );
}

/** SQL tells nothing of what it reads: where nobody says it either, the value is answered and not kept. */
function trackRaw(cache: ModelCache, { model, watch }: RawRead, run: Run): Promise<readonly Row[]> {
  const where = `${model.label}.objects.raw()`;
  const { connection } = model;
  const dependencies = dependenciesOfSources(watch, { where, connection, byHand: 'invalidate' });
  if (watch.length === 0 && currentFrame()?.isWatching === false) {
    cache.spoilFrame('raw SQL in it does not tell what it depends on; say it by watch');
  }
  return track(cache, { model, dependencies: () => dependencies }, run);
}

async function track(cache: ModelCache, tracked: Tracked, run: Run): Promise<readonly Row[]> {
  const frame = currentFrame();
  const reason = cache.bypassReason(cache.policy(tracked.model.label).allowed);
  if (reason !== undefined) {
    frame?.spoil(reason);
    return run();
  }
  const stampKeys = cache.stampKeys(tracked.dependencies());
  const stamps = await cache.engine.acquire(stampKeys);
  try {
    if (frame) await tracked.record?.(frame);
    const result = await run();
    if (stamps) frame?.record(cache.engine, stampKeys, stamps);
    else frame?.spoil('the store failed');
    return result;
  } catch (error) {
    frame?.spoil('a query in it failed');
    throw error;
  }
}
