import type { Found } from '../cache/found.js';
import { announce } from '../changes/change-log.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ModelClassLike } from '../schema/declaration.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { schemaOf } from '../schema/schema-of.js';
import { keyCellOf } from '../schema/values.js';
import type { FilterValue, KeyValue, PropertyNames } from '../query/filter-types.js';
import { isPromise } from '../support/awaitable.js';
import { explainFound, type Explanation } from './explain.js';
import { modelCacheOf, type ModelCache } from './model-cache.js';
import type { RowCache, RowRead } from './row-cache.js';
import { notFound } from './unique-keys.js';

/** Unique columns with their values: `{ slug: 'hello' }`. */
export type UniqueValues<T> = { readonly [K in PropertyNames<T>]?: FilterValue<T[K]> };

/** What names one row: its primary key, or the values of unique columns. */
export type RowKey<T> = KeyValue | UniqueValues<T>;

/**
 * Reads through the cache: `Document.cache.get(1)`. Whatever it answers is at least as new as the last write that was
 * acknowledged before it was asked. Each call gives instances of its own. Inside a transaction everything is read from
 * the database and nothing is stored. If the cache fails, the database answers.
 */
export class CacheManager<T extends object> {
  readonly #model: ModelClassLike;

  constructor(model: ModelClassLike) {
    this.#model = model;
  }

  /** The row with this key. Throws RecordNotFoundError if there is none; that is remembered too. */
  get(key: RowKey<T>): Promise<T> {
    return this.#answer(key, (schema, read) => {
      if (!read.row) throw notFound(schema);
      return this.#hydrate(schema, read.row);
    });
  }

  /** The row with this key, or undefined. */
  find(key: RowKey<T>): Promise<T | undefined> {
    return this.#answer(key, (schema, read) => read.row && this.#hydrate(schema, read.row));
  }

  /** The rows with these primary keys, in their order; undefined where there is none. One command and one SELECT at most. */
  async getMany(keys: readonly KeyValue[]): Promise<(T | undefined)[]> {
    const { schema, rows } = this.#rows();
    const cells = keys.map((key) => keyCellOf(schema, key)); // before anything is read: a wrong key throws
    const reads = await rows.readMany(cells);
    return reads.map(({ row }) => row && this.#hydrate(schema, row));
  }

  /** What this process holds and is valid now: no I/O, no promise, and never anything where the cache is a server. */
  peek(key: KeyValue): T | undefined {
    const { schema, rows } = this.#rows();
    const row = rows.peek(keyCellOf(schema, key));
    return row && this.#hydrate(schema, row);
  }

  /** Reads the row again from the database, stores it and answers it; undefined if there is none. */
  async refresh(key: KeyValue): Promise<T | undefined> {
    const { schema, rows } = this.#rows();
    const read = await rows.refresh(keyCellOf(schema, key));
    return read.row && this.#hydrate(schema, read.row);
  }

  /** Makes whatever is cached of this row invalid, here and in every process; in a transaction, at its commit. */
  async invalidate(key: RowKey<T>): Promise<void> {
    const { schema, rows, cache } = this.#rows();
    const dependencies = isUniqueValues(this.#model, key)
      ? await cache.uniqueKeys(schema).dependencies(key)
      : rows.dependencies(keyCellOf(schema, key)).slice(0, 1);
    await announce(cache.connection, [{ kind: 'dependencies', dependencies }]);
  }

  /** What the cache would answer and why, without loading anything. */
  async explain(key: KeyValue): Promise<Explanation> {
    const { schema, rows, cache } = this.#rows();
    const cell: Cell = keyCellOf(schema, key);
    const found: Found = await rows.inspect(cell);
    return explainFound(found, rows.dependencies(cell), cache.engine.clock.now());
  }

  #answer<R>(key: RowKey<T>, use: (schema: ModelSchema, read: RowRead) => R): Promise<R> {
    try {
      const { schema, rows, cache } = this.#rows();
      const take = (read: RowRead): R => use(schema, read);
      if (isUniqueValues(this.#model, key)) return cache.uniqueKeys(schema).read(key).then(take);
      const answer = rows.readWith(keyCellOf(schema, key), take);
      return isPromise(answer) ? answer : Promise.resolve(answer);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #rows(): { readonly schema: ModelSchema; readonly cache: ModelCache; readonly rows: RowCache } {
    const schema = schemaOf(this.#model);
    const cache = modelCacheOf(schema);
    return { schema, cache, rows: cache.rows(schema) };
  }

  #hydrate(schema: ModelSchema, row: Row): T {
    return schema.hydrate(row) as T; // the schema is that of the class whose instances are T
  }
}

function isUniqueValues<T>(model: ModelClassLike, key: RowKey<T>): key is UniqueValues<T> {
  return typeof key === 'object' && key !== null && !(key instanceof model);
}
