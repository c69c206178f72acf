import { QuerySet } from '../query/query-set.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { schemaOf } from '../schema/schema-of.js';
import { insertMany } from './insert.js';
import type { NewValues } from './model-types.js';
import { saveRecord } from './save.js';

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
   * Everything is validated before anything is written. Hooks run for each instance.
   */
  async bulkCreate(rows: readonly NewValues<T>[]): Promise<T[]> {
    const instances = rows.map((values) => this.#make(values));
    await insertMany(this.state.model, instances);
    return instances;
  }

  #make(values: NewValues<T>): T {
    return Reflect.construct(this.#model, [values]) as T; // the class whose instances are T
  }
}
