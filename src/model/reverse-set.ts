import { RecordNotFoundError, UsageError } from '../errors.js';
import { connectionNamed } from '../database/connections.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { KeyValue } from '../query/filter-types.js';
import type { Cell } from '../schema/cell.js';
import type { Condition } from '../schema/condition.js';
import type { ModelClassLike } from '../schema/declaration.js';
import type { QueryState } from '../schema/query-state.js';
import { QuerySet } from '../query/query-set.js';
import type { ColumnSchema, ModelSchema, ReferenceSchema } from '../schema/model-schema.js';
import { updateMatching } from '../query/update-matching.js';
import { valueOf } from '../schema/values.js';
import type { NewValues } from './model-types.js';
import { ownKey, RelatedSet, relatedKeys } from './related-set.js';
import { saveRecord } from './save.js';

/** A foreign key, as the rows that it points at see it. */
export interface Pointing {
  /** The accessor's name. */
  readonly name: string;
  /** The model that has the key, with its class. */
  readonly schema: ModelSchema;
  readonly model: ModelClassLike;
  readonly column: ColumnSchema;
  readonly reference: ReferenceSchema;
}

/** The rows whose foreign key points at an instance. Instances that are added or removed keep what they have read. */
export class ReverseSet<T extends object> extends RelatedSet<T> {
  readonly #pointing: Pointing;
  readonly #key: Cell;

  constructor(pointing: Pointing, owner: object) {
    const { schema, column, reference, name } = pointing;
    const key = ownKey(reference.target(), owner, name);
    connectionNamed(schema.connection, schema.label);
    super(
      { model: schema, condition: isKey(column, key), order: [], limit: undefined, offset: undefined },
      {
        instance: owner,
        name,
        key,
      },
    );
    this.#pointing = pointing;
    this.#key = key;
  }

  /** The one row of a one-to-one, or null. */
  async only(): Promise<object | null> {
    const loaded = await this.loaded();
    return loaded === undefined ? ((await this.first()) ?? null) : loaded;
  }

  async add(...rows: readonly unknown[]): Promise<number> {
    this.forget();
    const keys = this.#keys(rows);
    if (keys.length === 0) return 0;
    return this.#connection.transaction(() => this.#add(keys));
  }

  async remove(...rows: readonly (T | KeyValue)[]): Promise<number> {
    this.forget();
    const keys = this.#keys(rows);
    this.#assertNullable();
    if (keys.length === 0) return 0;
    return this.#update([isKey(this.#pointing.column, this.#key), this.#areThese(keys)], null);
  }

  async set(rows: readonly (T | KeyValue)[]): Promise<void> {
    this.forget();
    const keys = this.#keys(rows);
    this.#assertNullable();
    await this.#connection.transaction(async () => {
      const others = { kind: 'not', part: this.#areThese(keys) } as const;
      await this.#update([isKey(this.#pointing.column, this.#key), others], null);
      if (keys.length > 0) await this.#add(keys);
    });
  }

  async clear(): Promise<number> {
    this.forget();
    this.#assertNullable();
    return this.#update([isKey(this.#pointing.column, this.#key)], null);
  }

  async create(values: NewValues<T>): Promise<T> {
    this.forget();
    const { model, column } = this.#pointing;
    const instance = Reflect.construct(model, [values]) as T; // the class whose instances are T
    Reflect.set(instance, column.property, valueOf(column, this.#key));
    await saveRecord(instance);
    return instance;
  }

  /** NOTE: whoever throws here is in a transaction, which undoes the update. */
  async #add(keys: readonly Cell[]): Promise<number> {
    const { schema, column } = this.#pointing;
    const [these, own] = [this.#areThese(keys), isKey(column, this.#key)];
    const added = await this.#update([these, { kind: 'not', part: own }], valueOf(column, this.#key));
    const found = added === keys.length ? added : await new QuerySet(matching(schema, [these, own])).count();
    if (found === keys.length) return added;
    const missing = `${keys.length - found} of ${keys.length} rows to add do not exist`;
    throw new RecordNotFoundError(schema.label, `${this.#where}: ${missing}`);
  }

  #update(parts: readonly Condition[], value: unknown): Promise<number> {
    const { schema, column } = this.#pointing;
    return updateMatching(this.#connection, matching(schema, parts), { [column.property]: value });
  }

  #keys(rows: readonly unknown[]): Cell[] {
    const { schema, model } = this.#pointing;
    return relatedKeys(this.#where, { target: () => schema, targetModel: () => model }, rows);
  }

  #areThese(keys: readonly Cell[]): Condition {
    return { kind: 'comparison', column: this.#pointing.schema.primaryKey, lookup: 'in', cells: keys };
  }

  #assertNullable(): void {
    const { schema, column, reference } = this.#pointing;
    if (column.nullable) return;
    throw new UsageError(
      `${this.#where}: ${schema.label}.${reference.property} takes no null, so rows cannot be parted from this one; ` +
        `delete them, or add() them to another`,
    );
  }

  get #where(): string {
    const { reference, name } = this.#pointing;
    return `${reference.target().label}.${name}`;
  }

  get #connection(): DatabaseConnection {
    const { schema } = this.#pointing;
    return connectionNamed(schema.connection, schema.label);
  }
}

function isKey(column: ColumnSchema, key: Cell): Condition {
  return { kind: 'comparison', column, lookup: 'exact', cells: [key] };
}

function matching(model: ModelSchema, parts: readonly Condition[]): QueryState {
  return { model, condition: { kind: 'and', parts }, order: [], limit: undefined, offset: undefined };
}
