import type { Call, Codec } from '../cache/call.js';
import { Computation } from '../cache/computation.js';
import type { DependencyFrame } from '../cache/dependency-frame.js';
import type { Reread } from '../cache/drift-check.js';
import { usualLock } from '../cache/load-lock.js';
import { isDetermined } from '../invalidation/determined.js';
import type { ObservedQuery } from '../query/query-observer.js';
import type { Row } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { knownDependencies, recordKnownRows } from './known-rows.js';
import type { ModelCache } from './model-cache.js';
import { asKeys, isKeptByReference, readByReference, type KeyHint, type KeyList } from './reference-list.js';
import { RecentMap } from '../support/recent-map.js';

const rememberedTtls = 100;
const rememberedLists = 1000;

type Rows = readonly Row[];

/** Rows of cells are JSON already, and nobody changes them. */
const rowsCodec: Codec<Rows> = {
  encode: (rows) => rows,
  decode: (payload) => (Array.isArray(payload) ? { value: payload as Rows } : undefined), // only rows are stored under these keys
};

/** How long an answer is kept, and whether somebody said so for this query. */
export interface AnswerLife {
  readonly ttlMs: number;
  readonly isOwn: boolean;
  /** One load at a time across processes. */
  readonly isLocked: boolean;
}

/**
 * The answers to the query sets of one model, kept until something is written that they depend on: see
 * `invalidation/query-dependencies.ts`. The database is asked after the stamps were acquired.
 */
export class QueryCache {
  readonly #cache: ModelCache;
  readonly #model: ModelSchema;
  /** The keys of lists that are kept by reference, as they were lately. */
  readonly #hints = new RecentMap<string, KeyHint>(rememberedLists);
  readonly #byLife = new RecentMap<string, Computation<Rows>>(rememberedTtls);

  constructor(cache: ModelCache, model: ModelSchema) {
    this.#cache = cache;
    this.#model = model;
  }

  /** The answer, from the cache if it is valid, else by `run`. */
  async answer(query: ObservedQuery, life: AnswerLife, run: () => Promise<Rows>): Promise<Rows> {
    const computation = this.#computation(life);
    const byReference = this.#cache.bypassReason(true) === undefined && isKeptByReference(query);
    const rows = byReference
      ? await readByReference(this.#cache, query, this.#keyList(query, { computation, run }))
      : undefined;
    return rows ?? computation.get(new QueryCall(this.#cache, query, run));
  }

  #keyList(
    query: ObservedQuery,
    { computation, run }: { readonly computation: Computation<Rows>; readonly run: () => Promise<Rows> },
  ): KeyList {
    const byKeys = asKeys(query);
    const { position } = this.#model.primaryKey;
    const id = identityOf(byKeys);
    const hint = this.#hints.get(id) ?? { keys: undefined };
    this.#hints.set(id, hint);
    const keysOf = (rows: Rows): Rows => rows.map((row) => [row[position] ?? null]);
    const keys: KeyList['keys'] = ({ onHit, onRows }) => {
      const call = new QueryCall(this.#cache, byKeys, async () => {
        const rows = await run();
        onRows(rows);
        return keysOf(rows);
      });
      return computation.get({
        identity: call.identity,
        dependencies: () => call.dependencies(),
        run: (frame) => call.run(frame),
        reread: () => rereadOf(query, async () => keysOf(await run())),
        onHit,
      });
    };
    return { keys, hint };
  }

  #computation(life: AnswerLife): Computation<Rows> {
    const id = `${life.ttlMs} ${life.isOwn} ${life.isLocked}`;
    const known = this.#byLife.get(id);
    if (known) return known;
    const { label, fingerprint } = this.#model;
    this.#cache.expectTtl(life.ttlMs);
    const computation = new Computation(this.#cache.host(label), {
      label,
      family: 'query',
      owner: life.isOwn ? `${fingerprint} ${life.ttlMs}` : fingerprint,
      ttlMs: life.ttlMs,
      limitsOthers: life.isOwn,
      lock: life.isLocked ? usualLock : undefined,
      codec: rowsCodec,
    });
    this.#byLife.set(id, computation);
    return computation;
  }
}

/** One read of a query's answer. NOTE: a class, as {@link DecodedEntry} is: it is alive while the store is asked. */
class QueryCall implements Call<Rows> {
  readonly identity: string;
  readonly #cache: ModelCache;
  readonly #query: ObservedQuery;
  readonly #run: () => Promise<Rows>;

  constructor(cache: ModelCache, query: ObservedQuery, run: () => Promise<Rows>) {
    this.#cache = cache;
    this.#query = query;
    this.#run = run;
    this.identity = identityOf(query);
  }

  dependencies(): readonly string[] {
    return knownDependencies(this.#query);
  }

  async run(frame: DependencyFrame): Promise<Rows> {
    await recordKnownRows(this.#cache, this.#query, frame);
    return this.#run();
  }

  reread(): Reread | undefined {
    return rereadOf(this.#query, this.#run);
  }
}

/** How an answer is compared; not at all where the database may choose among rows, and without their order where it may choose that. */
function rereadOf(query: ObservedQuery, run: () => Promise<Rows>): Reread | undefined {
  const { model, order } = query.state;
  if (!isDetermined(query.state)) return undefined;
  const isOrdered = order.some(({ path, column }) => path.length === 0 && column === model.primaryKey);
  return { payload: run, isOne: true, ...(isOrdered ? {} : { canonical: withoutOrder }) };
}

function withoutOrder(payload: unknown): string {
  const rows = (payload as Rows).map((row) => JSON.stringify(row)); // only rows are stored under these keys
  return rows.toSorted().join();
}

/** With the fingerprints of the other models whose columns it shows: what is stored of them is in their types' form. */
function identityOf(query: ObservedQuery): string {
  if (query.shown.every(({ path }) => path.length === 0)) return query.identity();
  const others = query.shown.flatMap(({ path }) => path.map(({ target }) => target.fingerprint));
  return `${query.identity()} ${[...new Set(others)].join()}`;
}
