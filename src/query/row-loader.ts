import type { DatabaseConnection } from '../database/database-connection.js';
import type { Statement } from '../database/statement.js';
import type { Transaction } from '../database/transaction.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { afterThisTick } from '../support/tick-batch.js';
import { selectByCells } from './select-sql.js';
import { tableSql } from './table-sql.js';

type Batch = Map<Cell, WaitingForRow>;

/** Reads rows of one model by a unique column: everything that is asked for in one tick is one SELECT. */
export class RowLoader {
  readonly #connection: DatabaseConnection;
  readonly #model: ModelSchema;
  readonly #column: ColumnSchema;
  /** The text of the SELECT of one row, which is the same each time. */
  #textOfOne: string | undefined;
  /** One batch for each transaction that asks, since each sees its own rows. */
  readonly #batches = new Map<Transaction | undefined, Batch>();

  constructor(connection: DatabaseConnection, model: ModelSchema, column: ColumnSchema) {
    this.#connection = connection;
    this.#model = model;
    this.#column = column;
  }

  /** The row with this value as the current transaction, or a new statement outside of any, sees it; undefined if there is none. */
  load(key: Cell): Promise<Row | undefined> {
    const transaction = this.#connection.currentTransaction();
    let batch = this.#batches.get(transaction);
    if (!batch) {
      batch = new Map();
      this.#batches.set(transaction, batch);
      afterThisTick(() => this.#run(transaction));
    }
    let waiting = batch.get(key);
    if (!waiting) {
      waiting = new WaitingForRow();
      batch.set(key, waiting);
    }
    return waiting.promise;
  }

  // NOTE: runs in the async context of the first who asked, and so in that one's transaction.
  #run(transaction: Transaction | undefined): void {
    const batch = this.#batches.get(transaction) ?? (new Map() as Batch);
    this.#batches.delete(transaction);
    const [only] = batch;
    if (only && batch.size === 1) this.#readOne(...only);
    else void this.#readAll(batch);
  }

  /** NOTE: whatever row the database finds for one key is the answer, however its own key is written. */
  #readOne(key: Cell, waiting: WaitingForRow): void {
    const { toRow } = tableSql(this.#model, this.#connection.facts.name);
    this.#connection
      .run(this.#selectOne(key))
      .then(({ rows: [first] }) => waiting.resolve(first && toRow(first)))
      .catch(waiting.reject);
  }

  #selectOne(key: Cell): Statement {
    const dialect = this.#connection.facts.name;
    if (this.#textOfOne === undefined || key === null) {
      const statement = selectByCells(this.#model, this.#column, [key], dialect);
      this.#textOfOne ??= statement.text;
      return statement;
    }
    const parameters = [this.#column.type.toDatabase(key, dialect)];
    return { text: this.#textOfOne, parameters, prepare: true, model: this.#model.label };
  }

  async #readAll(batch: Batch): Promise<void> {
    try {
      const rows = await this.#select([...batch.keys()]);
      for (const [key, waiting] of batch) waiting.resolve(rows.get(key));
    } catch (error) {
      for (const waiting of batch.values()) waiting.reject(error);
    }
  }

  async #select(cells: readonly Cell[]): Promise<ReadonlyMap<Cell, Row>> {
    const rows = await this.#rows(cells);
    const found = new Map<Cell, Row>();
    for (const row of rows) found.set(row[this.#column.position] ?? null, row);
    const asked = new Set(cells);
    if ([...found.keys()].every((cell) => asked.has(cell))) return found;
    // NOTE: the database may hold differently written texts for equal; which row answers which text it alone can tell
    for (const cell of cells) {
      const [row] = found.has(cell) ? [] : await this.#rows([cell]);
      if (row) found.set(cell, row);
    }
    return found;
  }

  async #rows(cells: readonly Cell[]): Promise<Row[]> {
    const dialect = this.#connection.facts.name;
    const { rows } = await this.#connection.run(selectByCells(this.#model, this.#column, cells, dialect));
    return rows.map(tableSql(this.#model, dialect).toRow);
  }
}

const loaders = new WeakMap<DatabaseConnection, Map<ColumnSchema, RowLoader>>();

/** The loader of a model's rows by its primary key, or by another unique column. */
export function rowLoader(connection: DatabaseConnection, model: ModelSchema, column = model.primaryKey): RowLoader {
  let known = loaders.get(connection);
  if (!known) loaders.set(connection, (known = new Map<ColumnSchema, RowLoader>()));
  let loader = known.get(column);
  if (!loader) known.set(column, (loader = new RowLoader(connection, model, column)));
  return loader;
}

/** NOTE: a class, since V8 makes literals old from the start once many were alive at a garbage collection. */
class WaitingForRow {
  readonly promise: Promise<Row | undefined>;
  resolve: (row: Row | undefined) => void = () => undefined;
  reject: (error: unknown) => void = () => undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}
