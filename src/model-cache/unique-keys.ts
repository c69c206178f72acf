import { RecordNotFoundError, UsageError } from '../errors.js';
import type { Miss, Hit } from '../cache/found.js';
import { currentFrame } from '../cache/dependency-frame.js';
import { Flights } from '../cache/flights.js';
import { jitteredTtl } from '../cache/lifetime.js';
import { conditionDependency, rowDependency, tableDependency, valuesDependency } from '../invalidation/dependencies.js';
import { rowLoader } from '../query/row-loader.js';
import type { Cell, Row } from '../schema/cell.js';
import { primaryKeyOf, type ColumnSchema, type ModelSchema } from '../schema/model-schema.js';
import { keyCellOfInstance } from '../schema/reference-key.js';
import { cellOf, columnOf } from '../schema/values.js';
import type { ModelCache } from './model-cache.js';
import type { RowRead } from './row-cache.js';
import { RecentMap } from '../support/recent-map.js';

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
  readonly #hints = new RecentMap<string, { readonly key: Cell }>(rememberedKeys);

  readonly #flights = new Flights<Cell>();

  constructor(cache: ModelCache, model: ModelSchema) {
    this.#cache = cache;
    this.#model = model;
  }

  /** The row whose columns have these values. Throws UsageError unless one of the columns is unique. */
  read(values: Readonly<Record<string, unknown>>): Promise<RowRead> {
    return this.#read(this.#wanted(values));
  }

  /** The row with this value in a unique column. */
  readBy(column: ColumnSchema, cell: Cell): Promise<RowRead> {
    return this.#read({ column, cell, others: [] });
  }

  async #read(wanted: Wanted): Promise<RowRead> {
    const found = wanted.column.primaryKey
      ? await this.#cache.rows(this.#model).read(wanted.cell)
      : await this.#find(wanted);
    const { row } = found;
    return row && !wanted.others.every(([column, cell]) => row[column.position] === cell)
      ? { row: undefined, stamps: found.stamps, isLoaded: found.isLoaded }
      : found;
  }

  /** What drops the value and each row that it may stand for: those that it led to, and the one that it leads to now. */
  async dependencies(values: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
    const wanted = this.#wanted(values);
    const { column, cell } = wanted;
    if (column.primaryKey) return [rowDependency(this.#model.table, cell)];
    const id = idOf(wanted);
    const found = await this.#cache.engine.lookup(this.#entryKey(id), this.#stampKeys(wanted));
    const row = await this.#select(wanted);
    const stored = found.state === 'bypass' ? null : (found.entry?.payload ?? null);
    const keys = [this.#hints.get(id)?.key ?? null, stored as Cell, row ? primaryKeyOf(this.#model, row) : null]; // whatever is stored there
    const rows = keys.flatMap((key) => (key === null ? [] : [rowDependency(this.#model.table, key)]));
    return [...this.#ownDependencies(wanted), ...new Set(rows)];
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
    if (value === undefined) {
      throw new UsageError(
        `${this.#model.label}.cache.get(…): the value of '${name}' is undefined; leave it out, or write null`,
      );
    }
    const { reference } = column;
    if (!reference || typeof value !== 'object' || value === null) return [column, cellOf(this.#model, column, value)];
    return [column, keyCellOfInstance(reference, value, `${this.#model.label}.${reference.property}`)];
  }

  async #find(wanted: Wanted): Promise<RowRead> {
    const rows = this.#cache.rows(this.#model);
    if (rows.bypassReason() !== undefined) return this.#readPast(wanted);
    const id = idOf(wanted);
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
      currentFrame()?.record(this.#cache.engine, stampKeys, found.stamps);
      this.#cache.statistics.of(this.#model.label).hits += 1;
      return { row: undefined, stamps: found.stamps, isLoaded: false };
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
    if (!stamps) return this.#readPast(wanted);
    const key = await this.#flights.join(id, stamps, () => this.#load(wanted, id, stamps));
    if (key !== null) return (await this.#readIfStill(wanted, { key })) ?? this.#readPast(wanted);
    currentFrame()?.record(engine, stampKeys, stamps);
    return { row: undefined, stamps, isLoaded: true };
  }

  /** The primary key that a value leads to, or null. */
  async #load(wanted: Wanted, id: string, stamps: readonly string[]): Promise<Cell> {
    const row = await this.#select(wanted);
    const key = row ? primaryKeyOf(this.#model, row) : null;
    if (row) this.#hints.set(id, { key });
    const ttlMs = row ? this.#cache.policy(this.#model.label).ttlMs('get') : this.#cache.negativeTtlMs;
    this.#cache.engine.fill({ key: this.#entryKey(id), stamps, payload: key, ttlMs: jitteredTtl(ttlMs), costMs: 0 });
    return key;
  }

  async #readPast(wanted: Wanted): Promise<RowRead> {
    this.#cache.statistics.of(this.#model.label).bypasses += 1;
    this.#cache.spoilFrame('a row was read past the cache');
    return { row: await this.#select(wanted), stamps: undefined, isLoaded: true };
  }

  async #select({ column, cell }: Wanted): Promise<Row | undefined> {
    try {
      return await rowLoader(this.#cache.connection, this.#model, column).load(cell);
    } catch (error) {
      this.#cache.spoilFrame('a query in it failed');
      throw error;
    }
  }

  #stampKeys(wanted: Wanted): string[] {
    return this.#cache.stampKeys([...this.#ownDependencies(wanted), valuesDependency(this.#model.table)]);
  }

  /** Rows that get the value or lose it drop it; where equal values may be written differently, every write does. */
  #ownDependencies({ column, cell }: Wanted): string[] {
    const { table } = this.#model;
    return [
      column.condition ? conditionDependency(table, column.name, { cell, scope: 'members' }) : tableDependency(table),
    ];
  }

  #entryKey(id: string): string {
    return this.#cache.engine.keyspace.entry(`key:${this.#model.fingerprint}`, id);
  }
}

function idOf({ column, cell }: Wanted): string {
  return `${column.name}=${String(cell)}`;
}

/** The error of a `get` that found nothing. */
export function notFound(model: ModelSchema): RecordNotFoundError {
  return new RecordNotFoundError(model.label, `${model.label}: there is no row with this key`);
}
