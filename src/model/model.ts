import { inspect, type InspectOptions } from 'node:util';
import { UsageError } from '../errors.js';
import type { Row } from '../schema/cell.js';
import { declarationOf, type ModelClassLike } from '../schema/declaration.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { schemaOf } from '../schema/schema-of.js';
import { describeValue } from '../schema/types/describe-value.js';
import { columnOf, valueOf } from '../schema/values.js';
import { changedColumns } from './dirty.js';
import { LateValues } from './late-values.js';
import { attachRelation } from './reference-accessor.js';
import { rowAssigner } from './row-assigner.js';
import { rejectHiddenColumns } from './hidden-columns.js';
import { Manager } from './manager.js';
import type { NewValues } from './model-types.js';
import { RecordState } from './record-state.js';
import { reloadRecord } from './reload.js';
import { removeRecord } from './remove.js';
import { saveRecord } from './save.js';
import { listen, type Signal, type SignalListener } from './signals.js';
import { setStateReader, stateOf } from './state-of.js';

/** Properties by name, as a constructor takes them. */
export type Values = Readonly<Record<string, unknown>>;

/** Given to a constructor by the library alone: the instance gets its properties from a row. */
class Hydration {
  readonly state: RecordState;

  constructor(state: RecordState) {
    this.state = state;
  }
}

/** A model class whose instances are `T`. */
export type ModelClass<T extends Model = Model> = (new (values?: Values) => T) & { readonly prototype: T };

/**
 * The Active Record: an instance is a row. Extend it (or `CachedModel`), write `@Table` above the class and a column
 * decorator above each property.
 */
export abstract class Model {
  /** All rows, as a query set: `Document.objects.filter({ … })`. */
  // The element type is each model's own; a model redeclares it: `declare static objects: Manager<Document>`.
  // oxlint-disable-next-line typescript/no-explicit-any
  declare static objects: Manager<any>;

  readonly #state: RecordState;

  static {
    setStateReader((instance) => (instance as Model).#state);
    declarationOf(Model).hydrator = hydrator;
    declarationOf(Model).attach = attachRelation;
    Object.defineProperty(Model, 'objects', {
      configurable: true,
      get(this: ModelClass): Manager<Model> {
        return new Manager(this);
      },
    });
  }

  /** A new instance, not stored yet. Properties that are left out get their defaults. Throws UsageError for unknown ones. */
  constructor(values?: Values) {
    if (values instanceof Hydration) {
      this.#state = values.state;
      return;
    }
    this.#state = new RecordState();
    const model = new.target as ModelClassLike;
    rejectHiddenColumns(model, () => Reflect.construct(model, [new Hydration(new RecordState())]) as object);
    assignNew(this, schemaOf(model), values ?? {});
  }

  /** Makes an instance and stores it. Throws ValidationError before anything is written, or what the database says. */
  static async create<T extends Model>(this: ModelClass<T>, values: NewValues<T>): Promise<T> {
    const instance = new this(values);
    await saveRecord(instance);
    return instance;
  }

  /** Calls `listener` after each save or delete of an instance has been committed. Returns how to stop that. */
  static on<T extends Model>(this: ModelClass<T>, signal: Signal, listener: SignalListener<T>): () => void {
    return listen(this, signal, listener);
  }

  /** True once the row is stored, and until it is deleted. */
  get isPersisted(): boolean {
    return this.#state.row !== undefined && !this.#state.deleted;
  }

  /**
   * Stores the instance: an insert, or an update of the columns that changed. When it resolves, the row is committed
   * (or part of the open transaction) and no cached value shows the old one. Throws ValidationError,
   * StaleRecordError (see `@Version`), RecordNotFoundError if the row is gone, or a DatabaseError.
   */
  async save(): Promise<this> {
    await saveRecord(this);
    return this;
  }

  /** Deletes the row. One that is gone already is no error, unless the model has a `@Version`. */
  delete(): Promise<void> {
    return removeRecord(this);
  }

  /** Reads the row again, never from the cache, and takes all its values. Throws RecordNotFoundError if it is gone. */
  async reload(): Promise<this> {
    await reloadRecord(this);
    return this;
  }

  /** The columns that differ from the stored row, each with its value before and now. */
  changes(): Record<string, { readonly before: unknown; readonly after: unknown }> {
    const schema = schemaOf(this.constructor as ModelClassLike);
    const { row } = stateOf(this);
    const entries = changedColumns(this, schema).map((column) => {
      const before = row ? valueOf(column, row[column.position] ?? null) : undefined;
      const after: unknown = Reflect.get(this, column.property);
      return [column.property, { before, after }] as const;
    });
    return Object.fromEntries(entries);
  }

  /** What `console.log` shows: properties by their values, also where they are decoded only now. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `${this.constructor.name} ${inspect(Object.fromEntries(Object.entries(this)), options)}`;
  }

  /** The columns as a plain object, for `JSON.stringify`; relations appear by their keys. */
  toJSON(): Record<string, unknown> {
    const { columns } = schemaOf(this.constructor as ModelClassLike);
    return Object.fromEntries(columns.map(({ property }) => [property, jsonValue(Reflect.get(this, property))]));
  }
}

/** JSON has no bigints; they become text, also in arrays. */
function jsonValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(jsonValue);
  return typeof value === 'bigint' ? value.toString() : value;
}

function assignNew(instance: Model, schema: ModelSchema, values: Values): void {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new UsageError(`new ${schema.label}(values): expected an object of properties, got ${describeValue(values)}`);
  }
  for (const column of schema.columns) {
    const value = defaultOf(column);
    if (value !== undefined) Reflect.set(instance, column.property, value);
  }
  for (const [name, value] of Object.entries(values)) {
    if (!schema.lists.has(name)) columnOf(schema, name);
    Reflect.set(instance, name, value);
  }
}

function defaultOf(column: ModelSchema['columns'][number]): unknown {
  if (typeof column.default === 'function') return (column.default as () => unknown)();
  if (column.default === undefined || column.default === null) return column.default;
  return valueOf(column, column.type.encode(column.default)); // a copy: instances never share an object
}

function hydrator(model: ModelClassLike, schema: ModelSchema): (row: Row) => object {
  const construct = model as unknown as new (values: Hydration) => object; // every model passes its argument on
  const assign = rowAssigner(schema);
  const hasLateValues = schema.columns.some(({ type }) => type.isCostly);
  let checked = false;
  return (row) => {
    if (!checked) rejectHiddenColumns(model, () => new construct(new Hydration(new RecordState())));
    checked = true;
    const instance = new construct(new Hydration(new RecordState(row, hasLateValues ? new LateValues() : undefined)));
    assign(instance, row);
    return instance;
  };
}
