import { avg, count, max, min, sum, type Database } from '../../../src/index.js';
import type { Drawn } from './drawn.js';
import { knexQuestions } from './knex-questions.js';
import { inAnyOrder, plain, plainDeep } from '../plain.js';
import type { Rows, Source } from './sources.js';

/** A question that is about to be asked. */
export interface Asking {
  readonly db: Database;
  readonly isCached: boolean;
  readonly source: Source;
  readonly drawn: Drawn;
  /** The rows that it is about. */
  readonly rows: Rows;
  readonly ordered: Rows;
  /** Rows through the cache, or past it. */
  readonly how: (rows: Rows) => Rows;
  readonly number: string;
  readonly column: string;
}

/** Every verb, with what it answers as plain data. */
export const asks = {
  firstOfEach,
  innerColumn,
  references,
  all: ({ ordered }) => plainRows(ordered),
  count: ({ rows }) => rows.count(),
  exists: ({ rows }) => rows.exists(),
  first: async ({ ordered }) => plain(await ordered.first()),
  last: async ({ ordered }) => plain(await ordered.last()),
  get: async ({ source, how, drawn }) => plain(await how(source.rows).get(drawn.keyed)),
  getAmong: async ({ rows, drawn }) => plain(await rows.get(drawn.keyed)),
  ids: ({ ordered }) => ordered.ids(),
  values: ({ ordered, column }) => ordered.values('id', column as 'id'),
  valuesInOrder: ({ ordered, column }) => ordered.values(column as 'id'),
  limitedValues: ({ ordered, column, drawn }) =>
    ordered
      .limit(drawn.limit)
      .offset(1)
      .values('id', column as 'id'),
  distinct: ({ rows, column }) =>
    rows
      .orderBy(column as 'id')
      .distinct()
      .values(column as 'id'),
  aggregate: ({ rows, number }) =>
    rows.aggregate({ n: count(), low: min(number), high: max(number), sum: sum(number), mean: avg(number) } as never),
  extremes: ({ source, rows, column }) => {
    const [first, last] = [min(source.largest), max(source.largest)];
    const [known, different] = [count(column), count(column, { distinct: true })];
    return rows.aggregate({ first, last, known, different } as never);
  },
  groups: ({ rows, column, number }) =>
    rows.groupBy(column as 'id').aggregate({ n: count(), high: max(number) } as never, { orderBy: [column as 'id'] }),
  largestGroups: ({ rows, column, number, drawn }) =>
    rows.groupBy(column as 'id').aggregate({ n: count(), all: sum(number) } as never, {
      orderBy: ['-n', column] as never,
      limit: drawn.limit,
    }),
  page: async ({ ordered, drawn }) => {
    const { items, ...page } = await ordered.paginate({ page: 1 + (drawn.number % 3), pageSize: drawn.limit });
    return { items: items.map(plain), ...page };
  },
  pageAfter: async ({ ordered, drawn }) => {
    const first = await ordered.paginate({ after: undefined, pageSize: drawn.limit });
    const second = await ordered.paginate({ after: first.next, pageSize: drawn.limit });
    return [first, second].map(({ items, ...page }) => ({ items: items.map(plain), ...page }));
  },
  limited: ({ ordered, drawn }) => plainRows(ordered.limit(drawn.limit).offset(1)),
  subquery: ({ source, rows, how, drawn }) => {
    const some = { id__in: rows.orderBy('id').limit(drawn.limit) };
    return plainRows(how(source.rows.filter(some as never)).orderBy('id'));
  },
  related: ({ source, ordered, drawn }) => {
    const path = chosen(source.related, drawn.number);
    return path === undefined ? plainRows(ordered) : withAlong(ordered.related(path as never), path);
  },
  prefetch: ({ source, ordered, drawn }) => {
    const path = chosen(source.prefetch, drawn.number) ?? '';
    return withAlong(ordered.prefetch(path as never), path);
  },
  knex: ({ db, isCached, drawn }) => chosen(knexQuestions, drawn.number)?.({ db, isCached, drawn }) ?? nothing(),
} as const satisfies Readonly<Record<string, (asking: Asking) => Promise<unknown>>>;

/** The name of a verb. */
export type Verb = keyof typeof asks;

/** One of a list, by a number that was drawn. */
export function chosen<T>(list: readonly T[], drawn: number): T | undefined {
  return list[drawn % Math.max(1, list.length)];
}

function nothing(): Promise<unknown> {
  return Promise.resolve();
}

async function plainRows(rows: Rows): Promise<unknown[]> {
  return (await rows.all()).map(plain);
}

/** Rows that a column of another query names. */
function innerColumn({ source, rows, drawn }: Asking): Promise<unknown> {
  const [condition, others, column] = chosen(source.inner, drawn.number) ?? ['id__in', source.rows, 'id'];
  const some = drawn.order % 2 === 0 ? others : others.orderBy('-id').limit(drawn.limit);
  return plainRows(rows.filter({ [condition]: some.column(column as 'id') }).orderBy('id'));
}

/** Rows, each with the first of what points at it or is linked to it. */
async function firstOfEach({ source, ordered, drawn }: Asking): Promise<unknown> {
  const [name, rows] = chosen(source.firstOfEach, drawn.number) ?? [];
  if (name === undefined || !rows) return plainRows(ordered);
  const query = rows.limit(drawn.limit).offset(drawn.order % 2);
  const loaded = await ordered.prefetch({ name, query, as: 'some' } as never).all();
  return loaded.map((row) => [plain(row), (Reflect.get(row, 'some') as object[]).map(plain)]);
}

/** Rows, each with those that its keys name: through the accessor, which the cache answers, or by a query of them. */
async function references({ source, ordered, drawn, isCached }: Asking): Promise<unknown> {
  const [name, keys, others] = chosen(source.references, drawn.number) ?? [];
  const loaded = await ordered.all();
  if (name === undefined || keys === undefined) return loaded.map(plain);
  const follow = async (row: object): Promise<unknown> =>
    isCached ? plainDeep(await Reflect.get(row, name)) : byKeys(others ?? source.rows, Reflect.get(row, keys));
  return Promise.all(loaded.map(async (row) => [plain(row), await follow(row)]));
}

async function byKeys(rows: Rows, keys: unknown): Promise<unknown> {
  if (keys === null) return null;
  if (!Array.isArray(keys)) return plain(await rows.noCache().get({ id: keys as number }));
  const found = await rows
    .noCache()
    .filter({ id__in: keys as number[] })
    .all();
  const byKey = new Map<unknown, object>(found.map((row) => [row.id, row]));
  return keys.flatMap((key) => plain(byKey.get(key)) ?? []);
}

/** Rows, each with what a path leads to. */
async function withAlong(rows: Rows, path: string): Promise<unknown> {
  const loaded = await rows.all();
  return Promise.all(loaded.map(async (row) => [plain(row), await along(row, path.split('__'))]));
}

/** What relations lead to, as plain data. */
async function along(row: object, [name, ...rest]: readonly string[]): Promise<unknown> {
  if (name === undefined) return plain(row);
  const next: unknown = await Reflect.get(row, name);
  const rows: unknown = isRows(next) ? await next.all() : next;
  if (!Array.isArray(rows)) return rows ? along(rows, rest) : rows;
  return inAnyOrder(await Promise.all(rows.map((one) => along(one as object, rest))));
}

function isRows(value: unknown): value is Rows {
  return typeof value === 'object' && value !== null && 'all' in value;
}
