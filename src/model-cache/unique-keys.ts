import { LRUCache } from 'lru-cache';
import { RecordNotFoundError, UsageError } from '../errors.js';
import type { Miss, Hit } from '../cache/cache-engine.js';
import { currentFrame } from '../cache/dependency-frame.js';
import { jitteredTtl } from '../cache/lifetime.js';
import { bulkDependency, conditionDependency } from '../invalidation/dependencies.js';
import { selectByCells } from '../query/select-sql.js';
import { tableSql } from '../query/table-sql.js';
import type { Cell, Row } from '../schema/cell.js';
import { primaryKeyOf, type ColumnSchema, type ModelSchema } from '../schema/model-schema.js';
import { cellOf, columnOf, keyCellOf } from '../schema/values.js';
import type { ModelCache } from './model-cache.js';
import type { RowRead } from './row-cache.js';

const rememberedKeys = 10_000;

/** A unique column with the value that is asked for, and what else must hold. */
interface Wanted {
  readonly column: ColumnSchema;
  readonly cell: Cell;
  readonly others: readonly (readonly [ColumnSchema, Cell])[];
}

/**
 * Rows by unique columns. What is kept is only which primary key a value led to; the row itself comes from its own
 * entry and must still have the value, so a value that moved to another row is never answered with the old one. "No
 * row has this value" depends on the value's own stamp, which an insert or update with it drops.
 */
export class UniqueKeys {
  readonly #cache: ModelCache;
  readonly #model: ModelSchema;
  /** Where values led to lately; only a hint, checked against the row. */
  readonly #hints = new LRUCache<string, { readonly key: Cell }>({ max: rememberedKeys });

  constructor(cache: ModelCache, model: ModelSchema) {
    this.#cache = cache;
    this.#model = model;
  }

  /** The row whose columns have these values. Throws UsageError unless one of the columns is unique. */
  async read(values: Readonly<Record<string, unknown>>): Promise<RowRead> {
    const wanted = this.#wanted(values);
    const found = wanted.column.primaryKey ? await this.#cache.rows(this.#model).read(wanted.cell) : await this.#find(wanted);
    const { row } = found;
    return row && !wanted.others.every(([column, cell]) => row[column.position] === cell) ? { ...found, row: undefined } : found;
  }

  /** Forgets where a value led to, or that it leads nowhere. */
  dependencies(values: Readonly<Record<string, unknown>>): readonly string[] {
    const { column, cell } = this.#wanted(values);
    return [conditionDependency(this.#model.table, column.name, cell)];
  }

  #wanted(values: Readonly<Record<string, unknown>>): Wanted {
    const cells = Object.entries(values).map(([name, value]) => this.#cellOf(name, value));
    const index = cells.findIndex(([column, cell]) => (column.unique || column.primaryKey) && cell !== null);
    const [column, cell] = cells[index] ?? [];
    if (!column || cell === undefined) {
      const unique = this.#model.columns.filter((each) => each.unique || each.primaryKey).map((each) => each.property);
      throw new UsageError(
        `${this.#model.label}.cache.get({ ${Object.keys(values).join(', ')} }): none of these is a unique column with a value. ` +
          `Use one of ${unique.join(', ')}, or objects.get().`,
      );
    }
    return { column, cell, others: cells.filter((_, place) => place !== index) };
  }

  #cellOf(name: string, value: unknown): readonly [ColumnSchema, Cell] {
    const column = columnOf(this.#model, name);
    const target = column.reference?.target();
    return [column, target && typeof value === 'object' && value !== null ? keyCellOf(target, value) : cellOf(this.#model, column, value)];
  }

  async #find(wanted: Wanted): Promise<RowRead> {
    const rows = this.#cache.rows(this.#model);
    if (rows.bypassReason() !== undefined) return this.#readPast(wanted);
    const id = `${wanted.column.name}=${String(wanted.cell)}`;
    const hinted = await this.#readIfStill(wanted, this.#hints.get(id));
    if (hinted) return hinted;
    const stampKeys = this.#stampKeys(wanted);
    const found = await this.#cache.engine.lookup(this.#entryKey(id), stampKeys);
    if (found.state === 'bypass') return this.#readPast(wanted);
    const known = found.state === 'hit' ? await this.#useEntry(wanted, id, found, stampKeys) : undefined;
    return known ?? this.#readAndKeep(wanted, id, { stampKeys, found });
  }

  async #useEntry(wanted: Wanted, id: string, found: Hit, stampKeys: readonly string[]): Promise<RowRead | undefined> {
    const { payload } = found.entry;
    if (payload === null) {
      if (!wanted.column.condition) return undefined;
      currentFrame()?.record(this.#cache.engine, stampKeys, found.stamps);
      this.#cache.statistics.of(this.#model.label).hits += 1;
      return { row: undefined, stamps: found.stamps };
    }
    const hint = { key: payload as Cell }; // checked against the row, whatever it is
    const read = await this.#readIfStill(wanted, hint);
    if (read) this.#hints.set(id, hint);
    return read;
  }

  /** The row that a value led to, if it still has the value. */
  async #readIfStill({ column, cell }: Wanted, hint: { readonly key: Cell } | undefined): Promise<RowRead | undefined> {
    if (!hint) return undefined;
    const read = await this.#cache.rows(this.#model).read(hint.key);
    return read.row?.[column.position] === cell ? read : undefined;
  }

  async #readAndKeep(
    wanted: Wanted,
    id: string,
    { stampKeys, found }: { stampKeys: readonly string[]; found: Miss | Hit },
  ): Promise<RowRead> {
    const { engine } = this.#cache;
    const stamps = await engine.acquire(stampKeys, found.stamps);
    const row = await this.#select(wanted);
    if (row) return this.#keepKey(wanted, id, { row, stamps });
    if (stamps) currentFrame()?.record(engine, stampKeys, stamps);
    else this.#cache.spoilFrame('the store failed');
    if (stamps && wanted.column.condition) {
      const ttlMs = jitteredTtl(this.#cache.negativeTtlMs);
      engine.fill({ key: this.#entryKey(id), stamps, payload: null, ttlMs, costMs: 0 });
    }
    return { row: undefined, stamps };
  }

  async #keepKey(wanted: Wanted, id: string, { row, stamps }: { row: Row; stamps: readonly string[] | undefined }): Promise<RowRead> {
    const { engine } = this.#cache;
    const key = primaryKeyOf(this.#model, row);
    this.#hints.set(id, { key });
    if (stamps) {
      const ttlMs = jitteredTtl(this.#cache.policy(this.#model.label).ttlMs('get'));
      engine.fill({ key: this.#entryKey(id), stamps, payload: key, ttlMs, costMs: 0 });
    }
    return (await this.#readIfStill(wanted, { key })) ?? this.#readPast(wanted);
  }

  async #readPast(wanted: Wanted): Promise<RowRead> {
    this.#cache.statistics.of(this.#model.label).bypasses += 1;
    this.#cache.spoilFrame('a row was read past the cache');
    return { row: await this.#select(wanted), stamps: undefined };
  }

  async #select({ column, cell }: Wanted): Promise<Row | undefined> {
    const { connection } = this.#cache;
    const { toRow } = tableSql(this.#model, connection.facts.name);
    const { rows } = await connection.run(selectByCells(this.#model, column, [cell], connection.facts.name));
    const [raw] = rows;
    return raw && toRow(raw);
  }

  #stampKeys({ column, cell }: Wanted): string[] {
    const { table } = this.#model;
    const own = column.condition ? [conditionDependency(table, column.name, cell)] : [];
    return this.#cache.stampKeys([...own, bulkDependency(table)]);
  }

  #entryKey(id: string): string {
    return this.#cache.engine.keyspace.entry(`key:${this.#model.fingerprint}`, id);
  }
}

/** The error of a `get` that found nothing. */
export function notFound(model: ModelSchema): RecordNotFoundError {
  return new RecordNotFoundError(model.label, `${model.label}: there is no row with this key`);
}
