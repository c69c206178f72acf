import { MultipleRecordsError } from '../errors.js';
import { connectionNamed } from '../database/connections.js';
import type { DynamicConditions, PropertyNames } from '../query/filter-types.js';
import { lockRows } from '../query/lock-rows.js';
import { parseFilter } from '../query/parse-filter.js';
import { QuerySet } from '../query/query-set.js';
import type { RawBinding } from '../query/raw/raw-sql.js';
import { readRaw } from '../query/raw/read-raw.js';
import type { Source } from '../query/watched-rows.js';
import type { ModelClassLike } from '../schema/declaration.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { schemaOf } from '../schema/schema-of.js';
import { columnOf } from '../schema/values.js';
import { updateMany } from './bulk-update.js';
import { assertLookup, getOrCreate, updateOrCreate } from './get-or-create.js';
import { insertUnlessThere } from './insert-new.js';
import { insertMany } from './insert.js';
import type { NewValues } from './model-types.js';
import { saveRecord } from './save.js';
import { planUpsert, upsert } from './upsert.js';

/** All rows of a model, and where new ones are made. */
export class Manager<T extends object> extends QuerySet<T> {
  readonly #model: ModelClassLike;

  constructor(model: ModelClassLike) {
    super({ model: schemaOf(model), condition: undefined, order: [], limit: undefined, offset: undefined });
    this.#model = model;
  }

  /** Makes an instance and stores it; the same as `Model.create`. */
  async create(values: NewValues<T>): Promise<T> {
    const instance = this.#make(values);
    await saveRecord(instance);
    return instance;
  }

  /**
   * Stores many new rows in as few statements as the database takes, all or none, and answers their instances in order.
   * Everything is validated before anything is written. Hooks run for each instance. With `ignoreConflicts` rows that a
   * unique constraint refuses are left out, also of the answer.
   */
  async bulkCreate(rows: readonly NewValues<T>[], options: { readonly ignoreConflicts?: boolean } = {}): Promise<T[]> {
    const instances = rows.map((values) => this.#make(values));
    if (options.ignoreConflicts) return (await insertUnlessThere(this.state.model, instances)) as T[]; // some of them
    await insertMany(this.state.model, instances);
    return instances;
  }

  /**
   * Stores these columns of many instances, all or none, and answers how many had changed: one statement for those that
   * changed the same columns. Everything is validated before anything is written. Hooks run for each instance. Throws
   * StaleRecordError (see `@Version`), or RecordNotFoundError if a row is gone.
   */
  bulkUpdate(instances: readonly T[], columns: readonly PropertyNames<T>[]): Promise<number> {
    return updateMany(this.state.model, instances, columns);
  }

  /**
   * Inserts rows, or updates those that are there already, all or none; answers each instance with whether it was
   * inserted. `onConflict` names the columns of one unique constraint, and `update` what rows that are there get
   * (default: everything that is given; `[]` leaves them as they are). Safe beside others who do the same.
   */
  async upsertMany(rows: readonly NewValues<T>[], options: UpsertOptions<PropertyNames<T>>): Promise<[T, boolean][]> {
    const plan = planUpsert(this.state.model, rows, options);
    const instances = rows.map((values) => this.#make(values));
    const created = await upsert(plan, instances);
    return instances.map((instance, index) => [instance, created[index] ?? false]);
  }

  /**
   * The only row with these values, or a new one with `defaults` besides; answers it and whether it was made. With a
   * unique constraint on the values, any number of callers get one row. Throws MultipleRecordsError.
   */
  async getOrCreate(values: NewValues<T>, options: { readonly defaults?: NewValues<T> } = {}): Promise<[T, boolean]> {
    const { model } = this.state;
    assertLookup(model, 'getOrCreate', values);
    const conditions: DynamicConditions = { ...values };
    const rows = this.filter(conditions).noCache();
    const make = (): T => this.#make({ ...options.defaults, ...values });
    return getOrCreate({ schema: model, make, find: async () => onlyOf(model, await rows.limit(2).all()) });
  }

  /**
   * Changes the only row with these values, or makes one; answers it and whether it was made. The row is locked
   * meanwhile. With a unique constraint on the values, any number of callers change one row. Throws MultipleRecordsError.
   */
  async updateOrCreate(values: NewValues<T>, changes: NewValues<T>): Promise<[T, boolean]> {
    const { model } = this.state;
    assertLookup(model, 'updateOrCreate', values);
    for (const name of Object.keys(changes)) columnOf(model, name);
    const condition = parseFilter(model, values);
    const find = async (): Promise<T | undefined> => {
      const rows = await lockRows(connectionNamed(model.connection, model.label), {
        ...this.state,
        condition,
        limit: 2,
      });
      return onlyOf(
        model,
        rows.map((row) => model.hydrate(row) as T),
      ); // as the schema was made for
    };
    const make = (): T => this.#make({ ...values, ...changes });
    return updateOrCreate({ schema: model, make, find }, changes);
  }

  /**
   * Instances of rows that SQL of yours gives, in its order: for what query sets cannot say. `?` stands for a value and
   * `??` for a name, as in `knex.raw`. The SQL must read, and give each column of the model under its name in the
   * database and nothing else. Always asks the database. Where a computed value reads so, `watch` says what the rows
   * depend on, here or at the value; without it that value is not kept.
   */
  async raw(sql: string, bindings: readonly RawBinding[] = [], options?: RawOptions): Promise<T[]> {
    const { model } = this.state;
    const rows = await readRaw(model, { sql, bindings, options });
    return rows.map((row) => model.hydrate(row) as T); // as the schema was made for
  }

  #make(values: NewValues<T>): T {
    return Reflect.construct(this.#model, [values]) as T; // the class whose instances are T
  }
}

/** What `raw` may say. */
export interface RawOptions {
  /** Models of which any row may play a part, and query sets, for those of their rows. */
  readonly watch?: readonly Source[];
}

/** What `upsertMany` does where a row is there already. */
export interface UpsertOptions<Name extends string> {
  /** The columns of one unique constraint, which tell the rows. */
  readonly onConflict: readonly Name[];
  /** What rows that are there get; default: all that is given. */
  readonly update?: readonly Name[];
}

function onlyOf<T>({ label }: ModelSchema, found: readonly T[]): T | undefined {
  if (found.length > 1) {
    throw new MultipleRecordsError(label, `${label}: more than one row matches; look by values that are unique`);
  }
  return found[0];
}
