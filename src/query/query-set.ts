import { UsageError } from '../errors.js';
import type { Row } from '../schema/cell.js';
import { both, type Prefetch, type QueryState } from '../schema/query-state.js';
import { describeValue } from '../schema/types/describe-value.js';
import type { Aggregates } from './aggregates.js';
import { toCacheRequest, type CacheOptions } from './cache-options.js';
import { deleteMatching } from './delete-rows.js';
import { ColumnValues } from './column-values.js';
import { ownColumn, resolveOrder } from './conditions/resolve-path.js';
import { asSubquery, type Subquery } from './conditions/subquery.js';
import type { Checked, Conditions, DynamicConditions, KeyValue, OrderBy, PropertyNames } from './filter-types.js';
import { GroupedQuery } from './grouped-query.js';
import { instancesOf } from './load-instances.js';
import { reversed } from './order-state.js';
import { parseFilter } from './parse-filter.js';
import { readAggregates } from './reads/read-aggregates.js';
import { connectionOf } from './reads/read-cells.js';
import {
  readPage,
  type KeyedPage,
  type KeyedPageOptions,
  type NumberedPage,
  type NumberedPageOptions,
  type PageOptions,
} from './reads/read-page.js';
import { readCount, readExists, readFirst, readOnly, readRows } from './reads/read-rows.js';
import { readColumn, readValues } from './reads/read-values.js';
import { streamPages } from './reads/stream-pages.js';
import { addPrefetch, addRelated, isNamed } from './relation-paths.js';
import type { PrefetchOf, PrefetchPath, RelatedPath } from './relation-types.js';
import { rowLock, type LockOptions } from './row-lock.js';
import { updateMatching } from './update-matching.js';
import type { UpdateValues } from './update-types.js';
import type {
  AggregateValues,
  CheckedAggregates,
  CheckedNames,
  CheckedOrder,
  ColumnName,
  Named,
  PathValue,
  ValuesRow,
} from './value-types.js';
import { wholeNumber } from './whole-number.js';

/**
 * Rows that are asked for, not read yet. Immutable: each method gives another query set, and nothing runs before a verb
 * (`all`, `first`, `get`, `count`, `exists`, `values`, `aggregate`, `update`, `delete`, …). Not a promise on purpose.
 */
export class QuerySet<T extends object> {
  protected readonly state: QueryState;

  constructor(state: QueryState) {
    this.state = state;
  }

  /**
   * Only rows for which all of the conditions hold. Names that go through the same relation are about one and the same
   * row there; another `filter` may be about another one. Throws UsageError for unknown names or lookups.
   */
  filter<F extends DynamicConditions>(conditions: string extends keyof F ? F : never): QuerySet<T>;
  filter<F extends Conditions<T>>(conditions: F & Checked<T, F>): QuerySet<T>;
  filter(conditions: object): QuerySet<T> {
    return new QuerySet<T>(filtered(this.state, conditions));
  }

  /** Only rows for which the conditions do not all hold; a null counts as not holding. */
  exclude<F extends DynamicConditions>(conditions: string extends keyof F ? F : never): QuerySet<T>;
  exclude<F extends Conditions<T>>(conditions: F & Checked<T, F>): QuerySet<T>;
  exclude(conditions: object): QuerySet<T> {
    const part = parseFilter(this.state.model, conditions);
    return this.with({ condition: both(this.state.condition, { kind: 'not', part }) });
  }

  /** In this order, first name first; `'-createdBy__username'` is descending. Nulls count as the largest values. */
  // NOTE: two signatures, also below: TypeScript then takes `QuerySet<Child>` for a `QuerySet<Parent>`
  orderBy(): QuerySet<T>;
  orderBy<const N extends readonly OrderBy<T>[]>(...names: N & CheckedOrder<T, N>): QuerySet<T>;
  orderBy(...names: readonly string[]): QuerySet<T> {
    return this.with({ order: names.map((name) => resolveOrder(this.state.model, name)) });
  }

  /** The other way round: of the primary key where no order was given. Throws UsageError after `limit` or `offset`. */
  reverse(): QuerySet<T> {
    return new QuerySet<T>(reversed(this.state, 'reverse'));
  }

  /** `values` and `column` give each combination of values once. Whole rows never come twice anyway. */
  distinct(): QuerySet<T> {
    return this.with({ distinct: true });
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
   * Locks the rows that are read until the end of the transaction, so that nobody else changes or locks them. Throws
   * UsageError outside of a transaction. On SQLite a transaction has the whole database to itself already.
   */
  forUpdate(options: LockOptions = {}): QuerySet<T> {
    return this.with({ lock: rowLock('update', options) });
  }

  /** The same, but others may lock the rows so too: nobody changes them. */
  forShare(options: LockOptions = {}): QuerySet<T> {
    return this.with({ lock: rowLock('share', options) });
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
    return this.instances(await readRows(this.state));
  }

  /** The rows one after the other, a page of them in memory at a time. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of streamPages(this.state)) yield* await this.instances(page);
  }

  /** The first row in this order (of the primary key where none was given), or undefined. */
  async first(): Promise<T | undefined> {
    return (await this.instances(await readFirst(this.state)))[0];
  }

  /** The last row in this order (of the primary key where none was given), or undefined. */
  async last(): Promise<T | undefined> {
    return (await this.instances(await readFirst(reversed(this.state, 'last'))))[0];
  }

  /** The only row. Throws RecordNotFoundError or MultipleRecordsError. */
  get(): Promise<T>;
  get<F extends DynamicConditions>(conditions: string extends keyof F ? F : never): Promise<T>;
  get<F extends Conditions<T>>(conditions: F & Checked<T, F>): Promise<T>;
  async get(conditions?: object): Promise<T> {
    const [instance] = await this.instances([await readOnly(filtered(this.state, conditions))]);
    return instance as T; // there is one for each row
  }

  /** How many rows there are. */
  async count(): Promise<number> {
    return readCount(this.state);
  }

  /** Whether there is any row. */
  async exists(): Promise<boolean> {
    return readExists(this.state);
  }

  /** One page: by its number with the number of all rows, or what comes after the `next` of the page before. */
  paginate(options: KeyedPageOptions): Promise<KeyedPage<T>>;
  paginate(options: NumberedPageOptions): Promise<NumberedPage<T>>;
  async paginate(options: PageOptions): Promise<KeyedPage<T> | NumberedPage<T>> {
    const page = await readPage(this.state, options);
    return { ...page, items: await this.instances(page.items) };
  }

  /** Columns of each row as an object, all columns where none is named; `createdBy__username` is of the row there. */
  values(): Promise<ValuesRow<T, PropertyNames<T>>[]>;
  values<const N extends readonly ColumnName<T>[]>(
    ...names: N & CheckedNames<T, N>
  ): Promise<Named<N, ValuesRow<T, N[number]>>[]>;
  async values(...names: readonly string[]): Promise<Record<string, unknown>[]> {
    return readValues(this.state, names);
  }

  /** The primary keys of the rows. */
  async ids(): Promise<(T extends { id: infer Id } ? Id : KeyValue)[]> {
    const ids = await readColumn(this.state, { path: [], column: this.state.model.primaryKey });
    return ids as (T extends { id: infer Id } ? Id : KeyValue)[]; // a model's key is called id, or is any key
  }

  /** The values of one column, not read yet, for the `in` of another query set: `id__in: Review.objects.column('bookId')`. */
  column(name: never): never;
  column<const P extends ColumnName<T>>(
    name: CheckedNames<T, readonly [P]>[0],
  ): Named<P, ColumnValues<PathValue<T, P>>>;
  column(name: string): ColumnValues<unknown> {
    return new ColumnValues(this.state, ownColumn(this.state.model, name));
  }

  /** Computes `count`, `sum`, `avg`, `min` and `max` over the rows, each under its name. */
  aggregate(aggregates: never): Promise<never>;
  aggregate<const A extends Aggregates>(
    aggregates: A & CheckedAggregates<T, A>,
  ): Promise<Named<A, AggregateValues<T, A>>>;
  async aggregate(aggregates: Aggregates): Promise<Record<string, unknown>> {
    return readAggregates(this.state, aggregates);
  }

  /** The rows in groups of the same values in these columns: `groupBy('category').aggregate({ n: count() })`. */
  groupBy(name: never): never;
  groupBy<const N extends readonly ColumnName<T>[]>(
    ...names: N & CheckedNames<T, N>
  ): Named<N, GroupedQuery<T, N[number]>>;
  groupBy(...names: readonly string[]): GroupedQuery<T, string> {
    return new GroupedQuery(this.state, names);
  }

  /**
   * Sets columns of every row, to values or to expressions such as `F('views').plus(1)`, and answers how many there
   * were. All or none; what is cached is corrected. Runs no hooks. Throws ValidationError for values and results that
   * a column does not take.
   */
  async update(values: UpdateValues<T>): Promise<number> {
    return updateMatching(connectionOf(this.state), this.state, values);
  }

  /**
   * Deletes every row, and answers how many there were. All or none; what is cached is corrected, also of rows that
   * foreign keys delete or change along with them. Runs no hooks. Throws ForeignKeyViolationError where `onDelete`
   * forbids it.
   */
  async delete(): Promise<number> {
    return deleteMatching(connectionOf(this.state), this.state);
  }

  /** Its rows' keys, where it stands for a list. */
  [asSubquery](): Subquery {
    return { query: this.state, selected: this.state.model.primaryKey };
  }

  protected with(change: Partial<QueryState>): QuerySet<T> {
    return new QuerySet<T>({ ...this.state, ...change });
  }

  /** Instances of rows of this query, with what `related` and `prefetch` load along. */
  protected async instances(rows: readonly Row[]): Promise<T[]> {
    const { model, related, prefetch } = this.state;
    const loadsMore = related !== undefined || prefetch !== undefined;
    const made = loadsMore
      ? await instancesOf(connectionOf(this.state), this.state, rows)
      : rows.map((row) => model.hydrate(row));
    return made as T[]; // hydrate makes instances of the model of this query set
  }

  #stateOf(query: unknown): QueryState {
    if (query instanceof QuerySet) return (query as QuerySet<object>).state;
    const { label } = this.state.model;
    throw new UsageError(`${label}: prefetch({ query }) takes a query set, got ${describeValue(query)}`);
  }
}

function filtered(state: QueryState, conditions: object | undefined): QueryState {
  return conditions !== undefined
    ? { ...state, condition: both(state.condition, parseFilter(state.model, conditions)) }
    : state;
}
