import { RecordNotFoundError, UsageError } from '../errors.js';
import type { Hit, Miss } from '../cache/found.js';
import { currentFrame } from '../cache/dependency-frame.js';
import { Flights } from '../cache/flights.js';
import type { Keyspace } from '../cache/keyspace.js';
import { jitteredTtl } from '../cache/lifetime.js';
import { conditionDependency, rowDependency, tableDependency, valuesDependency } from '../invalidation/dependencies.js';
import { rowLoader } from '../query/row-loader.js';
import type { Cell, Row } from '../schema/cell.js';
import { primaryKeyOf, type ColumnSchema, type ModelSchema } from '../schema/model-schema.js';
import { keyCellOfInstance } from '../schema/reference-key.js';
import { cellOf, columnOf } from '../schema/values.js';
import { isPromise } from '../support/awaitable.js';
import { RecentMap } from '../support/recent-map.js';
import type { ModelCache } from './model-cache.js';
import type { RowRead } from './row-cache.js';

const rememberedEntries = 10_000;

/** A unique column with the value that is asked for, and what else must hold. */
interface Wanted {
  readonly column: ColumnSchema;
  readonly cell: Cell;
  readonly others: readonly (readonly [ColumnSchema, Cell])[];
}

/** Where the entry of a value is, and where the value led lately. */
interface ValueEntry {
  readonly id: string;
  readonly keyspace: Keyspace;
  readonly key: string;
  readonly stampKeys: readonly string[];
  /** The primary key that the value led to; only a hint, so that the row is asked for together with the entry. */
  leadsTo: Cell | undefined;
}

/** What was found under a value, and the row that it led to lately. */
interface FoundValue {
  readonly found: Hit;
  readonly hinted: RowRead | undefined;
}

/**
 * Rows by unique columns. What is kept is only which primary key a value led to, or that it led to none, under the
 * value's own stamp, which a write drops by which a row gets the value or loses it. The row itself comes from its own
 * entry and must have the value: so one that moved to another row is never answered with the old one.
 */
export class UniqueKeys {
  readonly #cache: ModelCache;
  readonly #model: ModelSchema;
  /** Those of values that led to a row. NOTE: of others there may be as many, and as long, as people think up. */
  readonly #entries: RecentMap<string, ValueEntry>;
  readonly #flights = new Flights<Cell>();

  constructor(cache: ModelCache, model: ModelSchema, remembered = rememberedEntries) {
    this.#cache = cache;
    this.#model = model;
    this.#entries = new RecentMap(remembered);
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
    const entry = this.#entryOf(wanted);
    const found = await this.#cache.engine.lookup(entry.key, entry.stampKeys);
    const row = await this.#select(wanted);
    const stored = found.state === 'bypass' ? null : (found.entry?.payload ?? null);
    const keys = [entry.leadsTo ?? null, stored as Cell, row ? primaryKeyOf(this.#model, row) : null]; // whatever is stored there
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

  /**
   * NOTE: the row alone does not do, even where it has the value: it may have lost it by a write that is not told yet,
   * and another row got it by one that is. Only the value's own stamp tells then.
   */
  async #find(wanted: Wanted): Promise<RowRead> {
    const rows = this.#cache.rows(this.#model);
    if (rows.bypassReason() !== undefined) return this.#readPast(wanted);
    const entry = this.#entryOf(wanted);
    const { leadsTo } = entry;
    // NOTE: in one tick, and so by one command
    const reading = leadsTo === undefined ? undefined : rows.read(leadsTo);
    const looking = this.#cache.engine.lookup(entry.key, entry.stampKeys);
    const isWaiting = isPromise(reading) || isPromise(looking);
    const [hinted, found] = isWaiting ? await Promise.all([reading, looking]) : [reading, looking];
    if (found.state === 'bypass') return this.#readPast(wanted);
    const known = found.state === 'hit' ? await this.#useEntry(wanted, entry, { found, hinted }) : undefined;
    return known ?? this.#readAndKeep(wanted, entry, found);
  }

  async #useEntry(wanted: Wanted, entry: ValueEntry, { found, hinted }: FoundValue): Promise<RowRead | undefined> {
    const { payload } = found.entry;
    if (payload === null) {
      this.#record(entry, found.stamps);
      this.#cache.statistics.of(this.#model.label).hits += 1;
      return { row: undefined, stamps: found.stamps, isLoaded: false };
    }
    const key = payload as Cell; // checked against the row, whatever it is
    const isHinted = hinted?.row && primaryKeyOf(this.#model, hinted.row) === key;
    const read = isHinted ? hinted : await this.#cache.rows(this.#model).read(key);
    if (!hasValue(read, wanted)) return undefined;
    this.#record(entry, found.stamps);
    this.#remember(entry, key);
    return read;
  }

  async #readAndKeep(wanted: Wanted, entry: ValueEntry, found: Miss | Hit): Promise<RowRead> {
    const stamps = await this.#cache.engine.acquire(entry.stampKeys, found.stamps);
    if (!stamps) return this.#readPast(wanted);
    const key = await this.#flights.join(entry.key, stamps, () => this.#load(wanted, entry, stamps));
    this.#record(entry, stamps);
    if (key === null) return { row: undefined, stamps, isLoaded: true };
    const read = await this.#cache.rows(this.#model).read(key);
    return hasValue(read, wanted) ? read : this.#readPast(wanted);
  }

  /** What is computed now depends on where the value leads. */
  #record({ stampKeys }: ValueEntry, stamps: readonly string[]): void {
    currentFrame()?.record(this.#cache.engine, stampKeys, stamps);
  }

  /** The primary key that a value leads to, or null. */
  async #load(wanted: Wanted, entry: ValueEntry, stamps: readonly string[]): Promise<Cell> {
    const row = await this.#select(wanted);
    const key = row ? primaryKeyOf(this.#model, row) : null;
    if (key !== null) this.#remember(entry, key);
    const ttlMs = row ? this.#cache.policy(this.#model.label).ttlMs('get') : this.#cache.negativeTtlMs;
    this.#cache.engine.fill({ key: entry.key, stamps, payload: key, ttlMs: jitteredTtl(ttlMs), costMs: 0 });
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

  #entryOf(wanted: Wanted): ValueEntry {
    const { keyspace } = this.#cache.engine;
    const id = `${wanted.column.name}=${String(wanted.cell)}`;
    const known = this.#entries.get(id);
    if (known?.keyspace === keyspace) return known; // tenants may have their own
    return {
      id,
      keyspace,
      key: keyspace.entry(`key:${this.#model.fingerprint}`, id),
      stampKeys: this.#cache.stampKeys([...this.#ownDependencies(wanted), valuesDependency(this.#model.table)]),
      leadsTo: undefined,
    };
  }

  #remember(entry: ValueEntry, key: Cell): void {
    if (entry.leadsTo === key) return;
    entry.leadsTo = key;
    this.#entries.set(entry.id, entry);
  }

  /** Rows that get the value or lose it drop it; where equal values may be written differently, every write does. */
  #ownDependencies({ column, cell }: Wanted): string[] {
    const { table } = this.#model;
    return [
      column.condition ? conditionDependency(table, column.name, { cell, scope: 'members' }) : tableDependency(table),
    ];
  }
}

function hasValue({ row }: RowRead, { column, cell }: Wanted): boolean {
  return row?.[column.position] === cell;
}

/** The error of a `get` that found nothing. */
export function notFound(model: ModelSchema): RecordNotFoundError {
  return new RecordNotFoundError(model.label, `${model.label}: there is no row with this key`);
}
