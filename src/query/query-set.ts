import { MultipleRecordsError, RecordNotFoundError, UsageError } from '../errors.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { connectionNamed } from '../database/connections.js';
import type { Row } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { columnOf } from '../schema/values.js';
import { toCacheRequest, type CacheOptions } from './cache-options.js';
import { deleteMatching } from './delete-rows.js';
import type { Filter, OrderBy } from './filter-types.js';
import { identityOf } from './fetch-rows.js';
import { instancesOf } from './load-instances.js';
import { addPrefetch, addRelated, isNamed } from './relation-paths.js';
import type { PrefetchOf, PrefetchPath, RelatedPath } from './relation-types.js';
import { describeValue } from '../schema/types/describe-value.js';
import { parseFilter } from './parse-filter.js';
import { observed, type ObservedQuery } from './query-observer.js';
import { both, type OrderTerm, type Prefetch, type QueryState, type ReadOperation } from '../schema/query-state.js';
import { selectCount, selectExists, selectRows } from './select-sql.js';
import { tableSql } from './table-sql.js';
import { updateMatching } from './update-matching.js';
import type { UpdateValues } from './update-types.js';

/**
 * Rows that are asked for, not read yet. Immutable: each method gives another query set, and nothing runs before a verb
 * (`all`, `first`, `get`, `count`, `exists`, `update`, `delete`). Not a promise on purpose.
 */
export class QuerySet<T extends object> {
  protected readonly state: QueryState;

  constructor(state: QueryState) {
    this.state = state;
  }

  /** Only rows for which all of the conditions hold. Throws UsageError for unknown columns or lookups. */
  filter(filter: Filter<T>): QuerySet<T> {
    const condition = parseFilter(this.state.model, filter);
    return this.with({ condition: both(this.state.condition, condition) });
  }

  /** Only rows for which the conditions do not all hold; a null counts as not holding. */
  exclude(filter: Filter<T>): QuerySet<T> {
    const part = parseFilter(this.state.model, filter);
    return this.with({ condition: both(this.state.condition, { kind: 'not', part }) });
  }

  /** In this order, first name first; `'-views'` is descending. Nulls count as the largest values. */
  orderBy(...names: readonly OrderBy<T>[]): QuerySet<T> {
    return this.with({ order: names.map((name) => orderTerm(this.state.model, name)) });
  }

  /** At most so many rows. */
  limit(count: number): QuerySet<T> {
    return this.with({ limit: wholeNumber('limit', count) });
  }

  /** Without the first so many rows. */
  offset(count: number): QuerySet<T> {
    return this.with({ offset: wholeNumber('offset', count) });
  }

  /**
   * Reads through the cache, whatever the policy says: kept until something is written that the answer depends on, and
   * for `ttl` at most (default: the policy's). `ops` restricts it to some kinds of read. Throws UsageError for wrong options.
   */
  cache(options: CacheOptions = {}): QuerySet<T> {
    return this.with({ caching: toCacheRequest(this.state.model, options) });
  }

  /** Reads from the database, whatever the policy says. */
  noCache(): QuerySet<T> {
    return this.with({ caching: false });
  }

  /**
   * Loads the rows that foreign keys lead to along with each row: `await document.author` then asks nobody. A path
   * goes on from there: `'author__publisher'`. Throws UsageError for what is no foreign key.
   */
  related(...paths: readonly RelatedPath<T>[]): QuerySet<T> {
    return this.with({ related: addRelated(this.state.model, this.state.related ?? [], paths) });
  }

  /**
   * Loads related rows of all rows, one SELECT for each relation: `await document.tags.all()` then asks nobody. An
   * object takes a query for which of them, and with `as` the property that gets them as an array.
   */
  prefetch(...requests: readonly (PrefetchPath<T> | PrefetchOf<T>)[]): QuerySet<T> {
    const { model, prefetch = [] } = this.state;
    const all = requests.reduce<readonly Prefetch[]>((known, request) => {
      if (!isNamed(model, request)) return addPrefetch(model, known, { name: request });
      const { name, query, as } = request;
      return addPrefetch(model, known, { name, as, query: query && this.#stateOf(query) });
    }, prefetch);
    return this.with({ prefetch: all });
  }

  /** All rows, as instances. */
  async all(): Promise<T[]> {
    return this.#instances(await this.#rows(this.state));
  }

  /** The first row in this order (of the primary key where none was given), or undefined. */
  async first(): Promise<T | undefined> {
    const order =
      this.state.order.length > 0
        ? this.state.order
        : [{ path: [], column: this.state.model.primaryKey, descending: false }];
    const [row] = await this.#rows({ ...this.state, order, limit: Math.min(this.state.limit ?? 1, 1) });
    const [instance] = row ? await this.#instances([row]) : [];
    return instance;
  }

  /** The only row. Throws RecordNotFoundError or MultipleRecordsError. */
  async get(filter?: Filter<T>): Promise<T> {
    if (filter) return this.filter(filter).get();
    const { model } = this.state;
    const [row, second] = await this.#rows({ ...this.state, limit: Math.min(this.state.limit ?? 2, 2) }, 'get');
    if (!row) throw new RecordNotFoundError(model.label, `${model.label}: no row matches`);
    if (second) {
      throw new MultipleRecordsError(
        model.label,
        `${model.label}: more than one row matches; narrow the filter, or use first()`,
      );
    }
    const [instance] = await this.#instances([row]);
    return instance as T; // there is one for each row
  }

  /** How many rows there are. */
  async count(): Promise<number> {
    const [row] = await this.#run('count', selectCount);
    return Number(row?.[0] ?? 0);
  }

  /** Whether there is any row. */
  async exists(): Promise<boolean> {
    const rows = await this.#run('exists', selectExists);
    return rows.length > 0;
  }

  /**
   * Sets columns of every row, to values or to expressions such as `F('views').plus(1)`, and answers how many there
   * were. All or none; what is cached is corrected. Runs no hooks. Throws ValidationError for values and results that
   * a column does not take.
   */
  async update(values: UpdateValues<T>): Promise<number> {
    return updateMatching(this.#connection(), this.state, values);
  }

  /**
   * Deletes every row, and answers how many there were. All or none; what is cached is corrected, also of rows that
   * foreign keys delete or change along with them. Runs no hooks. Throws ForeignKeyViolationError where `onDelete`
   * forbids it.
   */
  async delete(): Promise<number> {
    return deleteMatching(this.#connection(), this.state);
  }

  protected with(change: Partial<QueryState>): QuerySet<T> {
    return new QuerySet<T>({ ...this.state, ...change });
  }

  #stateOf(query: unknown): QueryState {
    if (query instanceof QuerySet) return (query as QuerySet<object>).state;
    const { label } = this.state.model;
    throw new UsageError(`${label}: prefetch({ query }) takes a query set, got ${describeValue(query)}`);
  }

  /** Instances of rows of this query, with what `related` and `prefetch` load along. */
  async #instances(rows: readonly Row[]): Promise<T[]> {
    const { model, related, prefetch } = this.state;
    const instances =
      related || prefetch
        ? await instancesOf(this.#connection(), this.state, rows)
        : rows.map((row) => model.hydrate(row));
    return instances as T[]; // hydrate makes instances of the model of this query set
  }

  #rows(state: QueryState, operation: 'fetch' | 'get' = 'fetch'): Promise<readonly Row[]> {
    const connection = this.#connection();
    const dialect = connection.facts.name;
    const { toRow } = tableSql(state.model, dialect);
    const statement = selectRows(state, dialect);
    const shown = state.model.columns.map((column) => ({ path: [], column }));
    const asked = operation === 'get' ? this.state : state; // NOTE: that it looks for two rows is not part of the question
    const query: ObservedQuery = { state: asked, operation, shown, identity: () => identityOf(operation, statement) };
    return observed(connection, query, async () => (await connection.run(statement)).rows.map(toRow));
  }

  #run(operation: ReadOperation, compile: typeof selectCount): Promise<readonly Row[]> {
    const connection = this.#connection();
    const { state } = this;
    const statement = compile(state, connection.facts.name);
    const query: ObservedQuery = { state, operation, shown: [], identity: () => identityOf(operation, statement) };
    return observed(connection, query, async () => {
      const { rows } = await connection.run(statement);
      return rows.map((row) => row.map(Number));
    });
  }

  #connection(): DatabaseConnection {
    return connectionNamed(this.state.model.connection, this.state.model.label);
  }
}

function orderTerm(model: ModelSchema, name: string): OrderTerm {
  if (typeof name !== 'string') {
    throw new UsageError(`${model.label}: orderBy takes names of columns, got ${typeof name}`);
  }
  const descending = name.startsWith('-');
  return { path: [], column: columnOf(model, descending ? name.slice(1) : name), descending };
}

function wholeNumber(method: string, count: number): number {
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new UsageError(`${method} takes a whole number from 0, got ${String(count)}`);
}
