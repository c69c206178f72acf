import type { DatabaseConnection } from '../database/database-connection.js';
import type { Transaction } from '../database/transaction.js';
import type { Cell, Row } from '../schema/cell.js';
import { primaryKeyOf, type ModelSchema } from '../schema/model-schema.js';
import { afterThisTick } from '../support/tick-batch.js';
import { selectByCells } from './select-sql.js';
import { tableSql } from './table-sql.js';

type Batch = Map<Cell, PromiseWithResolvers<Row | undefined>>;

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** Reads rows of one model by primary key: everything that is asked for in one tick is one SELECT. */
export class RowLoader {
  readonly #connection: DatabaseConnection;
  readonly #model: ModelSchema;
  /** One batch for each transaction that asks, since each sees its own rows. */
  readonly #batches = new Map<Transaction | undefined, Batch>();

  constructor(connection: DatabaseConnection, model: ModelSchema) {
    this.#connection = connection;
    this.#model = model;
  }

  /** The row as the current transaction, or a new statement outside of any, sees it; undefined if there is none. */
  load(key: Cell): Promise<Row | undefined> {
    const transaction = this.#connection.currentTransaction();
    let batch = this.#batches.get(transaction);
    if (!batch) {
      batch = new Map();
      this.#batches.set(transaction, batch);
      afterThisTick(() => void this.#run(transaction));
    }
    let waiting = batch.get(key);
    if (!waiting) {
      waiting = withResolvers();
      batch.set(key, waiting);
    }
    return waiting.promise;
  }

  // NOTE: runs in the async context of the first who asked, and so in that one's transaction.
  async #run(transaction: Transaction | undefined): Promise<void> {
    const batch = this.#batches.get(transaction) ?? (new Map() as Batch);
    this.#batches.delete(transaction);
    try {
      const rows = await this.#select([...batch.keys()]);
      for (const [key, waiting] of batch) waiting.resolve(rows.get(key));
    } catch (error) {
      for (const waiting of batch.values()) waiting.reject(error);
    }
  }

  async #select(keys: readonly Cell[]): Promise<ReadonlyMap<Cell, Row>> {
    const dialect = this.#connection.facts.name;
    const { toRow } = tableSql(this.#model, dialect);
    const statement = selectByCells(this.#model, this.#model.primaryKey, keys, dialect);
    const { rows } = await this.#connection.run(statement);
    return new Map(
      rows.map((raw) => {
        const row = toRow(raw);
        return [primaryKeyOf(this.#model, row), row];
      }),
    );
  }
}

const loaders = new WeakMap<DatabaseConnection, Map<ModelSchema, RowLoader>>();

/** The loader of a model on a connection. */
export function rowLoader(connection: DatabaseConnection, model: ModelSchema): RowLoader {
  const known = loaders.get(connection) ?? new Map<ModelSchema, RowLoader>();
  loaders.set(connection, known);
  const loader = known.get(model) ?? new RowLoader(connection, model);
  known.set(model, loader);
  return loader;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
