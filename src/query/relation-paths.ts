import { UsageError } from '../errors.js';
import type { ModelSchema } from '../schema/model-schema.js';
import type { Prefetch, QueryState } from '../schema/query-state.js';
import { findRelation, relationsOf, type Relation, type ToOneRelation } from '../schema/relations.js';
import { describeValue, isPlainObject } from '../schema/types/describe-value.js';
import { nearest } from '../support/nearest.js';

type ToOnePath = readonly ToOneRelation[];

/** The paths that `related('author', 'author__publisher')` adds, each after those that it begins with. */
export function addRelated(
  model: ModelSchema,
  known: readonly ToOnePath[],
  names: readonly unknown[],
): readonly ToOnePath[] {
  const paths = new Map(known.map((path) => [nameOf(path), path]));
  for (const name of names) {
    const path: ToOneRelation[] = [];
    for (const part of partsOf(model, 'related', name)) {
      path.push(toOne(path.at(-1)?.target ?? model, part));
      if (!paths.has(nameOf(path))) paths.set(nameOf(path), [...path]);
    }
  }
  return [...paths.values()];
}

function nameOf(path: ToOnePath): string {
  return path.map(({ name }) => name).join('__');
}

function toOne(model: ModelSchema, name: string): ToOneRelation {
  const relation = relationNamed(model, name);
  if (relation.kind === 'toOne') return relation;
  throw new UsageError(
    `${model.label}: related() follows foreign keys, and '${name}' is none; use prefetch('${name}')`,
  );
}

/** What `prefetch` was asked for: a path of relations, or that with the rows to take and where to put them. */
export interface PrefetchRequest {
  readonly name: string;
  readonly query?: QueryState | undefined;
  readonly as?: string | undefined;
}

/** What `prefetch('tags', 'comments__author')` adds to what is loaded along with the rows of a model. */
export function addPrefetch(model: ModelSchema, known: readonly Prefetch[], request: PrefetchRequest): Prefetch[] {
  return add(model, known, partsOf(model, 'prefetch', request.name), request);
}

function add(
  model: ModelSchema,
  known: readonly Prefetch[],
  [name = '', ...rest]: readonly string[],
  request: PrefetchRequest,
): Prefetch[] {
  const relation = relationNamed(model, name);
  const last = rest.length === 0;
  const wanted: Prefetch = last
    ? { relation, as: checkedName(relation, request.as), query: checkedQuery(relation, request), nested: [] }
    : { relation, as: undefined, query: undefined, nested: add(relation.target, [], rest, request) };
  const index = known.findIndex((one) => one.relation.name === name && one.as === wanted.as);
  const same = known[index];
  return same ? known.with(index, merged(model, same, wanted)) : [...known, wanted];
}

function merged(model: ModelSchema, left: Prefetch, right: Prefetch): Prefetch {
  const { relation, as } = left;
  if (left.query && right.query) {
    throw new UsageError(
      `${model.label}: prefetch got two queries for '${relation.name}'; give one of them another 'as'`,
    );
  }
  const nested = right.nested.reduce<readonly Prefetch[]>((all, one) => {
    const index = all.findIndex((other) => other.relation.name === one.relation.name && other.as === one.as);
    const same = all[index];
    return same ? all.with(index, merged(relation.target, same, one)) : [...all, one];
  }, left.nested);
  return { relation, as, query: left.query ?? right.query, nested };
}

function checkedQuery(relation: Relation, { query }: PrefetchRequest): QueryState | undefined {
  if (query === undefined) return undefined;
  const where = `${relation.model.label}: prefetch of '${relation.name}'`;
  if (query.model.table !== relation.target.table) {
    throw new UsageError(`${where} takes a query of ${relation.target.label}, got one of ${query.model.label}`);
  }
  if (relation.kind === 'toOne') {
    throw new UsageError(`${where} leads to one row at most, so it takes no query`);
  }
  return query;
}

function checkedName({ model, kind, name }: Relation, as: unknown): string | undefined {
  if (as === undefined) return undefined;
  const where = `${model.label}: prefetch of '${name}'`;
  if (typeof as !== 'string' || as === '') {
    throw new UsageError(`${where}: as takes the name of a property, got ${describeValue(as)}`);
  }
  if (kind === 'toOne') throw new UsageError(`${where}: as is for relations that lead to many rows`);
  if (model.byProperty.has(as) || relationsOf(model).has(as) || model.hasMember(as)) {
    throw new UsageError(`${where}: as is '${as}', which ${model.label} has already; choose another name`);
  }
  return as;
}

function partsOf(model: ModelSchema, method: string, name: unknown): string[] {
  if (typeof name === 'string' && name !== '') return name.split('__');
  throw new UsageError(`${model.label}: ${method}() takes names of relations, got ${describeValue(name)}`);
}

function relationNamed(model: ModelSchema, name: string): Relation {
  const relation = findRelation(model, name);
  if (relation) return relation;
  const hint = nearest(name, [...relationsOf(model).keys()]);
  const help = hint ? `; did you mean '${hint}'?` : '';
  throw new UsageError(`${model.label} has no relation '${name}'${help}`);
}

/** A request of `prefetch` as its caller wrote it: a name, or an object. Throws UsageError for anything else. */
export function isNamed(model: ModelSchema, request: unknown): request is { readonly name: string } {
  if (typeof request === 'string') return false;
  if (typeof request === 'object' && request !== null && isPlainObject(request)) {
    const wrong = Object.keys(request).find((key) => !['name', 'query', 'as'].includes(key));
    if (wrong === undefined) return true;
    throw new UsageError(`${model.label}: prefetch({ name, query, as }): unknown option '${wrong}'`);
  }
  throw new UsageError(
    `${model.label}: prefetch() takes names of relations or { name, query, as }, got ${describeValue(request)}`,
  );
}
