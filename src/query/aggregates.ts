import { UsageError } from '../errors.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { describeValue } from '../schema/types/describe-value.js';
import type { AggregateFunction, AggregateTerm } from './compile/aggregate-sql.js';
import { resolvePath } from './conditions/resolve-path.js';

/** What `aggregate` computes of a column: made by `count`, `sum`, `avg`, `min` and `max`. */
export class Aggregate<F extends AggregateFunction = AggregateFunction, C extends string = string> {
  readonly function: F;
  /** The column's name; a count of rows has none. */
  readonly column: C | undefined;
  readonly distinct: boolean;

  constructor(name: F, column: C | undefined, distinct: boolean) {
    this.function = name;
    this.column = column;
    this.distinct = distinct;
  }
}

/** What to compute, each under a name. */
export type Aggregates = Readonly<Record<string, Aggregate>>;

/** How many rows there are; of a column, how many values that are not null, with `distinct` each counted once. */
export function count<C extends string = never>(
  column?: C,
  options: { readonly distinct?: boolean } = {},
): Aggregate<'count', C> {
  return new Aggregate('count', column, options.distinct ?? false);
}

/** The exact sum of a column; null of no values. Throws DatabaseError where a number cannot hold that of an integer column. */
export function sum<C extends string>(column: C): Aggregate<'sum', C> {
  return new Aggregate('sum', column, false);
}

/** The mean of a column as a JavaScript number, to about 15 digits; null of no values. */
export function avg<C extends string>(column: C): Aggregate<'avg', C> {
  return new Aggregate('avg', column, false);
}

/** The least value of a column; null of no values. */
export function min<C extends string>(column: C): Aggregate<'min', C> {
  return new Aggregate('min', column, false);
}

/** The largest value of a column; null of no values. */
export function max<C extends string>(column: C): Aggregate<'max', C> {
  return new Aggregate('max', column, false);
}

const numbers: readonly string[] = ['integer', 'bigint', 'float', 'decimal'];
const unordered: readonly string[] = ['boolean', 'uuid', 'json', 'binary', 'array'];

/** What `aggregate({ total: sum('views') })` asks for. Throws UsageError for what it cannot be. */
export function aggregateTerms(model: ModelSchema, aggregates: unknown): AggregateTerm[] {
  const entries = typeof aggregates === 'object' && aggregates !== null ? Object.entries(aggregates) : [];
  if (entries.length === 0) {
    throw new UsageError(`${model.label}: aggregate() takes what to compute, such as { total: sum('views') }`);
  }
  return entries.map(([name, aggregate]) => termOf(model, name, aggregate));
}

function termOf(model: ModelSchema, name: string, aggregate: unknown): AggregateTerm {
  if (!isAggregate(aggregate)) {
    throw new UsageError(
      `${model.label}: aggregate() takes count(), sum(), avg(), min() or max() as '${name}'; got ${describeValue(aggregate)}`,
    );
  }
  const { function: verb, column, distinct } = aggregate;
  if (column === undefined) return { name, function: verb, of: undefined, distinct: false };
  const of = resolvePath(model, column, `${verb}()`);
  const type = of.column.type.name;
  const refused = verb === 'sum' || verb === 'avg' ? !numbers.includes(type) : unordered.includes(type);
  if (refused && verb !== 'count') {
    throw new UsageError(`${model.label}: ${verb}() takes no ${type} column such as '${of.column.property}'`);
  }
  if (distinct && unordered.includes(type) && type !== 'boolean' && type !== 'uuid') {
    throw new UsageError(
      `${model.label}: count() cannot tell different values of a ${type} column such as '${of.column.property}'`,
    );
  }
  return { name, function: verb, of, distinct };
}

function isAggregate(value: unknown): value is Aggregate {
  return value instanceof Aggregate;
}
