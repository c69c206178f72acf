import type { Call } from '../cache/call.js';
import { usualLock } from '../cache/load-lock.js';
import { UsageError } from '../errors.js';
import { modelCacheOf } from '../model-cache/model-cache.js';
import { QuerySet } from '../query/query-set.js';
import type { Cell } from '../schema/cell.js';
import { InvalidValue } from '../schema/column-type.js';
import type { ModelClassLike, ModelReference } from '../schema/declaration.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { resolveModel } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';
import { durationMs, type Duration } from '../support/duration.js';
import { canonical } from './canonical.js';
import { rejectUnknownOptions } from './keeping.js';
import { Labelled } from './labelled.js';
import { decodeValue, encodeValue } from './value-codec.js';
import type { Source } from '../query/watched-rows.js';
import { RecentMap } from '../support/recent-map.js';

const where = 'cachedQuery()';
const optionNames = ['watch', 'ttl', 'lock', 'as'];
const rememberedKinds = 100;
/** What knex calls statements that write. */
const writing = ['insert', 'update', 'del', 'truncate', 'counter'];

/** A query of knex: a builder, or `raw`. */
export interface KnexQuery extends PromiseLike<unknown> {
  toSQL(): unknown;
}

/** A model class whose instances are `T`. */
type ClassOf<T extends object> = abstract new (...args: never[]) => T;

export interface CachedQueryOptions {
  /** What the answer depends on: models, of which any row may play a part, or query sets, for those of their rows. */
  readonly watch: readonly Source[];
  /** The life of the answer at most; default: the connection's `ttl`. */
  readonly ttl?: Duration;
  /** Among all processes one at a time asks the database; default: one in each. */
  readonly lock?: boolean;
}

/**
 * Asks a query of knex through the cache: kept until something that it watches is written through this library. Answers
 * plain rows as knex gives them. With `as`, the query must give the primary key of a model, and the answer is that
 * model's instances, each from its own entry and as it is now; keys without a row are left out. Inside a transaction the
 * database is asked. Throws UsageError for wrong options.
 */
export function cachedQuery<T extends object>(
  query: KnexQuery,
  options: CachedQueryOptions & { readonly as: ClassOf<T> },
): Promise<T[]>;
export function cachedQuery<Row extends object = Record<string, unknown>>(
  query: KnexQuery,
  options: CachedQueryOptions,
): Promise<Row[]>;
export async function cachedQuery(
  query: KnexQuery,
  options: CachedQueryOptions & { readonly as?: ModelClassLike },
): Promise<unknown[]> {
  const sql = sqlOf(query);
  const checked = check(options);
  if (!options.as) return (await kindOf(checked).computation.get(callOf(query, sql, checked))) as unknown[]; // rows are a list
  return instancesOf(schemaOf(options.as), query, { sql, checked });
}

async function instancesOf(
  model: ModelSchema,
  query: KnexQuery,
  { sql, checked }: { readonly sql: Sql; readonly checked: Checked },
): Promise<object[]> {
  const call = callOf(query, sql, checked);
  const keys = (await kindOf(checked).computation.get({
    identity: `${model.fingerprint} ${call.identity}`,
    dependencies: () => call.dependencies(),
    run: async (frame) => ((await call.run(frame)) as object[]).map((row) => keyIn(model, row)), // rows are objects
  })) as Cell[]; // as just made
  const reads = await modelCacheOf(model).rows(model).readMany(keys);
  return reads.flatMap(({ row }) => (row ? [model.hydrate(row)] : []));
}

/** The key in a row as knex reads it. */
function keyIn({ primaryKey, label, connection }: ModelSchema, row: object): Cell {
  const raw: unknown = Reflect.get(row, primaryKey.name);
  const { facts } = modelCacheOf({ label, connection } as ModelSchema).connection; // no more is looked at
  try {
    if (raw !== undefined && raw !== null) return primaryKey.type.fromDatabase(raw, facts.name);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
  }
  throw new UsageError(
    `${where}: the query gives no key of ${label} in a column '${primaryKey.name}', which 'as' needs; select it`,
  );
}

interface Sql {
  readonly text: string;
  readonly bindings: readonly unknown[];
}

function sqlOf(query: KnexQuery): Sql {
  const compiled: unknown = typeof query?.toSQL === 'function' ? query.toSQL() : undefined;
  const part = (name: string): unknown => Reflect.get(Object(compiled) as object, name);
  const text = part('sql');
  if (typeof text !== 'string' || writing.includes(String(part('method')))) {
    throw new UsageError(`${where}: expected a query of knex that reads, such as db.knex('documents').where(…)`);
  }
  const bindings = part('bindings');
  return { text, bindings: Array.isArray(bindings) ? bindings : [] };
}

interface Checked {
  readonly watch: readonly Source[];
  readonly ttlMs: number | undefined;
  readonly lock: boolean;
  readonly connection: string;
}

function check(options: CachedQueryOptions & { readonly as?: unknown }): Checked {
  if (typeof options !== 'object' || options === null || !Array.isArray(options.watch) || options.watch.length === 0) {
    throw new UsageError(
      `${where}: say in watch what the answer depends on, a list of models and query sets; SQL text alone does not tell`,
    );
  }
  rejectUnknownOptions(where, options, optionNames);
  const watch: readonly Source[] = options.watch;
  const { ttl, lock = false, as } = options;
  if (as !== undefined && typeof as !== 'function') throw new UsageError(`${where}: as takes a model class`);
  if (typeof lock !== 'boolean') throw new UsageError(`${where}: lock is true or false, got ${typeof lock}`);
  return {
    watch,
    ttlMs: ttl === undefined ? undefined : durationMs(ttl, `${where}: ttl`),
    lock,
    connection: connectionOf(watch[0]),
  };
}

function connectionOf(source: Source | undefined): string {
  if (source instanceof QuerySet) return (Reflect.get(source, 'state') as { model: ModelSchema }).model.connection; // as in watch-sources
  return schemaOf(resolveModel(source as ModelReference, where)).connection; // what is no query set names a model
}

const kinds = new RecentMap<string, Labelled<unknown>>(rememberedKinds);

/** Answers that are kept alike. */
function kindOf({ connection, ttlMs, lock }: Checked): Labelled<unknown> {
  const id = JSON.stringify([connection, ttlMs ?? null, lock]);
  const known = kinds.get(id);
  if (known) return known;
  const kind = new Labelled<unknown>({
    label: 'cachedQuery',
    where,
    connection,
    byHand: 'invalidateModel()',
    family: 'knex',
    owner: String(ttlMs ?? ''),
    keeping: { ttlMs, lock: lock ? usualLock : undefined },
    codec: { encode: (value) => encodeValue(value, where), decode: decodeValue },
    sources: [],
    followed: [],
    policy: (cache) => ({ ttlMs: cache.policy('cachedQuery').ttlMs('fetch'), allowed: true }),
  });
  kinds.set(id, kind);
  return kind;
}

function callOf(query: KnexQuery, { text, bindings }: Sql, checked: Checked): Call<unknown> {
  return {
    identity: `${text} ${canonical(bindings, where)}`,
    dependencies: () => kindOf(checked).dependencies(checked.watch),
    run: async () => rowsIn(await query),
  };
}

/** What knex answers: a list of rows, or where the query is `raw` on PostgreSQL an object that has one. */
function rowsIn(result: unknown): unknown[] {
  const rows: unknown = Array.isArray(result) ? result : Reflect.get(Object(result) as object, 'rows');
  if (Array.isArray(rows)) return rows.map((row: unknown) => (isRow(row) ? { ...row } : row));
  throw new UsageError(`${where}: the query gave no rows; only queries that read can be cached`);
}

/** NOTE: drivers give rows classes of their own, which say nothing. */
function isRow(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
