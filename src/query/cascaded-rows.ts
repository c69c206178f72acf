import { cascadedModels, referencesTo, type PointingReference } from '../changes/cascade.js';
import type { Change } from '../changes/change.js';
import { writeObserver } from '../changes/write-observer.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { Cell, Row } from '../schema/cell.js';
import type { Condition } from '../schema/condition.js';
import { primaryKeyOf, type ModelSchema } from '../schema/model-schema.js';
import { lockRowsIfAny } from './lock-rows.js';

/** What foreign keys will do to one row: delete it (`after` missing), or set columns of it to null. */
interface Touched {
  readonly model: ModelSchema;
  readonly before: Row;
  after: Row | undefined;
}

/** Rows of one model that point at rows which are about to go, by one or more foreign keys. */
interface Pointing {
  readonly model: ModelSchema;
  readonly by: { readonly reference: PointingReference; readonly keys: ReadonlySet<Cell> }[];
}

/** Whether the database deletes or changes other rows along with rows of this model. */
export function touchesOthers(model: ModelSchema): boolean {
  return cascadedModels(model).length > 0;
}

/** Whether somebody watches a model that a delete reaches. */
export function reachesWatched(connection: DatabaseConnection, model: ModelSchema): boolean {
  return cascadedModels(model).some((reached) => writeObserver(connection, reached.model) !== undefined);
}

/**
 * The rows that declared foreign keys will delete or set to null along with rows that are about to be deleted. Read
 * under locks, level by level, one SELECT for each table.
 *
 * Invariant: the rows above are locked before those below are read. Whoever wants to point at a locked row has to lock
 * it too, and waits; so nobody can add a row that this does not see.
 */
export class CascadedRows {
  readonly #connection: DatabaseConnection;
  /** So many rows may still be told one by one. */
  #budget: number;
  readonly #touched = new Map<string, Map<Cell, Touched>>();
  /** Tables with too many rows to tell. */
  readonly #whole = new Map<string, ModelSchema>();

  private constructor(connection: DatabaseConnection, most: number) {
    this.#connection = connection;
    this.#budget = most;
  }

  /** Reads them; `rows` are locked already. Of tables with more than `most` rows nothing but their names is kept, unless somebody watches. */
  static async read(
    connection: DatabaseConnection,
    { model, rows, most }: { model: ModelSchema; rows: readonly Row[]; most: number },
  ): Promise<CascadedRows> {
    const cascaded = new CascadedRows(connection, most);
    const above = cascaded.#of(model);
    for (const before of rows) above.set(primaryKeyOf(model, before), { model, before, after: undefined });
    let level: (readonly [ModelSchema, readonly Row[]])[] = [[model, rows]];
    while (level.length > 0) level = await cascaded.#follow(level);
    for (const row of rows) above.delete(primaryKeyOf(model, row)); // these the caller tells of
    return cascaded;
  }

  /** What to announce once the rows above are deleted. */
  get changes(): readonly Change[] {
    const rows = this.#all().filter(({ model }) => !this.#whole.has(model.table));
    return [
      ...[...this.#whole.values()].map((model) => ({ kind: 'table', model }) as const),
      ...rows.map((touched) => ({ kind: 'row', ...touched }) as const),
    ];
  }

  /** Shows the rows to who watches them, before the rows above are deleted. */
  async showBefore(): Promise<void> {
    for (const [model, touched] of this.#byModel()) {
      await writeObserver(this.#connection, model)?.before(
        model,
        touched.map(({ before }) => before),
      );
    }
  }

  /** Shows what is left of them, after the rows above were deleted. */
  async showAfter(): Promise<void> {
    for (const [model, touched] of this.#byModel()) {
      const left = touched.flatMap(({ after }) => (after ? [after] : []));
      if (left.length > 0) await writeObserver(this.#connection, model)?.after(model, left);
    }
  }

  async #follow(level: readonly (readonly [ModelSchema, readonly Row[]])[]): Promise<[ModelSchema, Row[]][]> {
    const next = new Map<ModelSchema, Row[]>();
    for (const pointing of pointingAt(level)) {
      const { model } = pointing;
      for (const row of await this.#read(pointing)) {
        if (!this.#note(pointing, row)) continue;
        const rows = next.get(model) ?? [];
        next.set(model, rows);
        rows.push(row);
      }
    }
    return [...next];
  }

  /** The rows, or none where there are too many; then the whole tables that they lead to count as changed. */
  async #read(pointing: Pointing): Promise<readonly Row[]> {
    const { model } = pointing;
    const watched = writeObserver(this.#connection, model) ?? reachesWatched(this.#connection, model);
    if (this.#whole.has(model.table) && !watched) {
      this.#tellWhole(pointing); // also what this way leads on to, if the earlier one did not
      return [];
    }
    const parts = pointing.by.map(({ reference, keys }): Condition => ({
      kind: 'comparison',
      column: reference.column,
      lookup: 'in',
      cells: [...keys],
    }));
    const known = this.#of(model);
    const rows = await lockRowsIfAny(this.#connection, {
      model,
      condition: { kind: 'or', parts },
      order: [],
      limit: watched ? undefined : known.size + this.#budget + 1, // NOTE: any of those known may be among them
      offset: undefined,
    });
    const added = rows.filter((row) => !known.has(primaryKeyOf(model, row))).length;
    if (added <= this.#budget) {
      this.#budget -= added;
      return rows;
    }
    this.#tellWhole(pointing);
    return watched ? rows : [];
  }

  #tellWhole({ model, by }: Pointing): void {
    this.#whole.set(model.table, model);
    if (!by.some(({ reference }) => reference.onDelete === 'cascade')) return;
    for (const reached of cascadedModels(model)) this.#whole.set(reached.model.table, reached.model);
  }

  /** Notes what becomes of a row. Answers whether it goes, and was not known to go before. */
  #note({ model, by }: Pointing, row: Row): boolean {
    const key = primaryKeyOf(model, row);
    const known = this.#of(model).get(key);
    if (known && !known.after) return false;
    // NOTE: another model of the table has its columns in another order, and may not have those that this one sets to null
    if (known && known.model !== model) this.#whole.set(model.table, model);
    const matching = by.filter(({ reference, keys }) => keys.has(row[reference.column.position] ?? null));
    // NOTE: the database may hold differently written texts for equal; then any of the foreign keys may be the one
    const meant = matching.length > 0 ? matching : by;
    const goes = meant.some(({ reference }) => reference.onDelete === 'cascade');
    const nulled = new Set(meant.map(({ reference }) => reference.column.position));
    const rest = known?.model === model ? (known.after ?? row) : row;
    const after = rest.map((cell, position) => (nulled.has(position) ? null : cell));
    this.#of(model).set(key, { model, before: row, after: goes ? undefined : after });
    return goes;
  }

  #of({ table }: ModelSchema): Map<Cell, Touched> {
    const known = this.#touched.get(table) ?? new Map<Cell, Touched>();
    this.#touched.set(table, known);
    return known;
  }

  #all(): Touched[] {
    return [...this.#touched.values()].flatMap((byKey) => [...byKey.values()]);
  }

  #byModel(): Map<ModelSchema, Touched[]> {
    const found = new Map<ModelSchema, Touched[]>();
    for (const touched of this.#all()) {
      const rows = found.get(touched.model) ?? [];
      found.set(touched.model, rows);
      rows.push(touched);
    }
    return found;
  }
}

/** One for each model of the next level, with all foreign keys by which it points at this one. */
function pointingAt(level: readonly (readonly [ModelSchema, readonly Row[]])[]): Pointing[] {
  const found = new Map<ModelSchema, Pointing>();
  for (const [target, rows] of level) {
    const keys = new Set(rows.map((row) => primaryKeyOf(target, row)));
    for (const reference of referencesTo(target)) {
      if (reference.onDelete === 'restrict') continue;
      const pointing = found.get(reference.model) ?? { model: reference.model, by: [] };
      found.set(reference.model, pointing);
      pointing.by.push({ reference, keys });
    }
  }
  return [...found.values()];
}
