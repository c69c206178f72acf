import type { DatabaseConnection } from '../database/database-connection.js';
import type { Cell, Row } from '../schema/cell.js';
import type { Condition } from '../schema/condition.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { both, type Prefetch, type QueryState } from '../schema/query-state.js';
import type { ManyToManyRelation, Relation, ToManyRelation, ToOneRelation } from '../schema/relations.js';
import { inFullOrder } from './order-state.js';
import { relatedReader, type RowReader } from './query-observer.js';
import { joinedRows, ownCells } from './reads/joined-rows.js';
import { readRows } from './reads/read-rows.js';

/** An instance with the row that it was made of. */
interface Loaded {
  readonly instance: object;
  readonly row: Row;
}

/** The instances of a query's rows, with everything that it wants loaded along already on them. */
export async function instancesOf(
  connection: DatabaseConnection,
  state: QueryState,
  rows: readonly Row[],
): Promise<object[]> {
  const loaded = await withRelations(connection, state, rows);
  return loaded.map(({ instance }) => instance);
}

async function load(connection: DatabaseConnection, state: QueryState): Promise<Loaded[]> {
  return withRelations(connection, state, await readRows(state));
}

async function withRelations(
  connection: DatabaseConnection,
  state: QueryState,
  rows: readonly Row[],
): Promise<Loaded[]> {
  const { model } = state;
  const loaded = rows.map((cells) => {
    const row = ownCells(model, cells);
    return { row, instance: model.hydrate(row) };
  });
  if (loaded.length === 0) return loaded;
  await loadRelated(connection, { state, loaded, rows });
  for (const one of state.prefetch ?? []) await prefetchFor(connection, { state, prefetch: one, loaded });
  return loaded;
}

interface Along {
  readonly state: QueryState;
  readonly loaded: readonly Loaded[];
  /** Each with the cells that were joined to it, if any were. */
  readonly rows: readonly Row[];
}

/** Takes what was joined, else one read for each path of foreign keys; a row that several lead to is one instance. */
async function loadRelated(connection: DatabaseConnection, { state, loaded, rows }: Along): Promise<void> {
  const { related = [] } = state;
  if (related.length === 0) return;
  const joined = joinedRows(state, rows);
  const reader = relatedReader(connection, state) ?? batchReader(state);
  const byPath = new Map<string, readonly Loaded[]>([['', loaded]]);
  for (const [index, path] of related.entries()) {
    const relation = path.at(-1);
    const owners = byPath.get(nameOf(path.slice(0, -1)));
    const known = joined?.[index];
    const read: RowReader = known ? async (_, keys) => keys.map((key) => known.get(key)) : reader;
    if (relation && owners) byPath.set(nameOf(path), await attachToOne(relation, owners, read));
  }
}

function nameOf(path: readonly ToOneRelation[]): string {
  return path.map(({ name }) => name).join('__');
}

/** Reads rows by their keys with one SELECT. */
function batchReader({ caching }: QueryState): RowReader {
  return async (model, keys) => {
    const condition = isOneOf(model.primaryKey, keys);
    const rows = await readRows({ ...allOf(model), condition, caching });
    const byKey = new Map(rows.map((row) => [row[model.primaryKey.position] ?? null, row]));
    return keys.map((key) => byKey.get(key));
  };
}

async function attachToOne(
  relation: ToOneRelation,
  owners: readonly Loaded[],
  reader: RowReader,
): Promise<readonly Loaded[]> {
  const { target, column, model } = relation;
  const keyOf = ({ row }: Loaded): Cell => row[column.position] ?? null;
  const keys = [...new Set(owners.map(keyOf))].filter((key) => key !== null);
  const rows = keys.length > 0 ? await reader(target, keys) : [];
  const byKey = new Map<Cell, Loaded>();
  rows.forEach((row, index) => {
    if (row) byKey.set(keys[index] ?? null, { row, instance: target.hydrate(row) });
  });
  for (const owner of owners) {
    const key = keyOf(owner);
    const found = byKey.get(key);
    // NOTE: a key that leads nowhere is left to the accessor, which says so
    if (found || key === null) model.attach(owner.instance, relation, found?.instance ?? null);
  }
  return [...byKey.values()];
}

interface PrefetchFor {
  /** The query whose rows these are. */
  readonly state: QueryState;
  readonly prefetch: Prefetch;
  readonly loaded: readonly Loaded[];
}

async function prefetchFor(connection: DatabaseConnection, { state, prefetch, loaded }: PrefetchFor): Promise<void> {
  const { relation } = prefetch;
  if (relation.kind === 'toOne') {
    const reader = relatedReader(connection, state) ?? batchReader(state);
    const targets = await attachToOne(relation, loaded, reader);
    const inner = { ...allOf(relation.target), caching: state.caching };
    for (const one of prefetch.nested) await prefetchFor(connection, { state: inner, prefetch: one, loaded: targets });
    return;
  }
  const owners = new Map(loaded.map(({ row }) => [row[relation.model.primaryKey.position] ?? null, [] as object[]]));
  const wanted = queryOf(prefetch, state);
  if (relation.kind === 'toMany') await groupByKey(connection, { relation, wanted, owners });
  else await groupByLinks(connection, { relation, wanted, owners });
  for (const { instance, row } of loaded) {
    attachMany(prefetch, instance, owners.get(row[relation.model.primaryKey.position] ?? null) ?? []);
  }
}

/** The query of the related rows, without the condition that makes them the related ones. */
function queryOf({ relation, query, nested }: Prefetch, { caching }: QueryState): QueryState {
  const wanted = query ?? allOf(relation.target);
  return { ...wanted, caching: wanted.caching ?? caching, prefetch: [...(wanted.prefetch ?? []), ...nested] };
}

interface Grouping<R extends Relation> {
  readonly relation: R;
  readonly wanted: QueryState;
  /** The related instances of each row, by its key: filled here. */
  readonly owners: ReadonlyMap<Cell, object[]>;
}

async function groupByKey(
  connection: DatabaseConnection,
  { relation, wanted, owners }: Grouping<ToManyRelation>,
): Promise<void> {
  const { column } = relation;
  const related = await load(connection, sliced(among(wanted, column, [...owners.keys()]), column));
  for (const { row, instance } of related) owners.get(row[relation.column.position] ?? null)?.push(instance);
}

async function groupByLinks(
  connection: DatabaseConnection,
  { relation, wanted, owners }: Grouping<ManyToManyRelation>,
): Promise<void> {
  const ownersByTarget = await linksOf(relation, linkQuery(relation, wanted, [...owners.keys()]));
  if (ownersByTarget.size === 0) return;
  const { primaryKey } = relation.target;
  const linked = among({ ...wanted, limit: undefined, offset: undefined }, primaryKey, [...ownersByTarget.keys()]);
  const related = await load(connection, { ...linked, order: isSliced(wanted) ? inFullOrder(wanted) : wanted.order });
  for (const { row, instance } of related) {
    for (const owner of ownersByTarget.get(row[primaryKey.position] ?? null) ?? []) owners.get(owner)?.push(instance);
  }
}

/** The links of some rows, with a limit those to the first of the wanted rows of each. */
function linkQuery(
  { through, near, far, target }: ManyToManyRelation,
  wanted: QueryState,
  keys: readonly Cell[],
): QueryState {
  const links: QueryState = { ...allOf(through), condition: isOneOf(near, keys), caching: wanted.caching };
  if (!isSliced(wanted)) return links;
  const relation: ToOneRelation = { kind: 'toOne', name: far.property, model: through, target, column: far };
  const there: Condition = { kind: 'related', relation, condition: wanted.condition };
  const order = inFullOrder(wanted).map((term) => ({ ...term, path: [relation, ...term.path] }));
  const { limit, offset } = wanted;
  return {
    ...links,
    condition: both(links.condition, there),
    order,
    slice: { by: near, keys: [near, far], limit, offset },
  };
}

/** A limit of all rows as one of the rows of each owner. */
function sliced(wanted: QueryState, by: ColumnSchema): QueryState {
  if (!isSliced(wanted)) return wanted;
  const { limit, offset } = wanted;
  const slice = { by, keys: [wanted.model.primaryKey], limit, offset };
  return { ...wanted, order: inFullOrder(wanted), limit: undefined, offset: undefined, slice };
}

function isSliced({ limit, offset }: QueryState): boolean {
  return limit !== undefined || offset !== undefined;
}

/** The keys of the rows that each linked row is linked to. */
async function linksOf(
  { near, far }: ManyToManyRelation,
  query: QueryState,
): Promise<ReadonlyMap<Cell, ReadonlySet<Cell>>> {
  const links = await readRows(query);
  const ownersByTarget = new Map<Cell, Set<Cell>>();
  for (const link of links) {
    const target = link[far.position] ?? null;
    const owners = ownersByTarget.get(target) ?? new Set();
    ownersByTarget.set(target, owners.add(link[near.position] ?? null));
  }
  ownersByTarget.delete(null);
  return ownersByTarget;
}

function attachMany({ relation, as }: Prefetch, instance: object, rows: readonly object[]): void {
  if (as !== undefined) {
    Object.defineProperty(instance, as, { value: rows, configurable: true, writable: true, enumerable: false });
    return;
  }
  const single = relation.kind === 'toMany' && relation.unique;
  relation.model.attach(instance, relation, single ? (rows[0] ?? null) : rows);
}

function among(state: QueryState, column: ColumnSchema, cells: readonly Cell[]): QueryState {
  return { ...state, condition: both(state.condition, isOneOf(column, cells)) };
}

function isOneOf(column: ColumnSchema, cells: readonly Cell[]): Condition {
  return { kind: 'comparison', column, lookup: 'in', cells };
}

function allOf(model: ModelSchema): QueryState {
  return { model, condition: undefined, order: [], limit: undefined, offset: undefined };
}
