import fc from 'fast-check';
import { avg, count, max, min, Q, sum, type CacheOptions, type QuerySet } from '../../src/index.js';
import { Label, Order, Shop, Thing } from './query-fuzz-models.js';

/** A question about the models: asked with and without the cache it must be answered the same. */
export interface Question {
  readonly text: string;
  ask(cached: boolean): Promise<unknown>;
}

type Conditions = Readonly<Record<string, unknown>>;
// The models differ; what is asked of them here, by names that are only known at run time, does not.
type Rows = QuerySet<{ id: number }>;

const id = fc.integer({ min: 1, max: 8 });
const small = fc.integer({ min: 0, max: 3 });
const word = fc.constantFrom('a', 'A', 'ab', 'b', 'B', 'c_', '%');
const price = fc.constantFrom('0.00', '1.50', '2.00', '10.25');

const thingCondition: fc.Arbitrary<Conditions> = fc.oneof(
  fc.record({ kind: small }),
  fc.record({ id }),
  fc.record({ id__in: fc.array(id, { maxLength: 4 }) }),
  fc.record({ kind__in: fc.array(small, { maxLength: 3 }) }),
  fc.record({ kind__isnull: fc.boolean() }),
  fc.record({ kind__gte: small, sold: fc.boolean() }),
  fc.record({ name: word, kind: small }),
  fc.record({ name__icontains: word }),
  fc.record({ name__startswith: word }),
  fc.record({ price__range: fc.tuple(price, price) }),
  fc.record({ price__lt: price }),
  fc.record({ views__gt: small }),
  fc.record({ shop: id }),
  fc.record({ shop__name: word }),
  fc.record({ shop__region: small }),
  fc.record({ shop__region__isnull: fc.boolean(), kind: small }),
  fc.record({ labels__name: word }),
  fc.record({ labels: id }),
  fc.record({ labels__isnull: fc.boolean() }),
  fc.record({ orders__count__gte: small }),
  fc.record({ orders__isnull: fc.boolean() }),
  fc.record({ labels__name__in: fc.array(word, { maxLength: 3 }), kind__isnull: fc.constant(false) }),
);

const orderCondition: fc.Arbitrary<Conditions> = fc.oneof(
  fc.record({ thing: id }),
  fc.record({ thing__isnull: fc.boolean() }),
  fc.record({ thing__kind: small }),
  fc.record({ thing__shop__region: small }),
  fc.record({ thing__labels__name: word }),
  fc.record({ count: small }),
);

const shopCondition: fc.Arbitrary<Conditions> = fc.oneof(
  fc.record({ region: small }),
  fc.record({ things__kind: small }),
  fc.record({ things__labels__name: word }),
  fc.record({ things__orders__count: small, region__isnull: fc.boolean() }),
  fc.record({ name__iexact: word }),
);

const labelCondition: fc.Arbitrary<Conditions> = fc.oneof(
  fc.record({ things: id }),
  fc.record({ things__shop: id }),
  fc.record({ name: word }),
  fc.record({ things__kind__in: fc.array(small, { maxLength: 2 }) }),
);

interface Source {
  readonly rows: Rows;
  readonly name: string;
  readonly condition: fc.Arbitrary<Conditions>;
  readonly orders: readonly (readonly string[])[];
  readonly numbers: readonly string[];
  readonly columns: readonly string[];
  readonly related: readonly string[];
  readonly prefetch: readonly string[];
  /** What `prefetch` loads the first rows of, in orders. */
  readonly firstOfEach: readonly (readonly [name: string, rows: Rows])[];
}

function sources(): readonly Source[] {
  return [
    {
      name: 'Thing',
      rows: Thing.objects,
      condition: thingCondition,
      orders: [['id'], ['-name', 'id'], ['price', '-id'], ['shop__name', 'id'], ['-views', 'id'], ['kind', 'id']],
      numbers: ['views', 'price', 'kind', 'shop__region'],
      columns: ['name', 'kind', 'views', 'shop__name', 'sold'],
      related: ['shop'],
      prefetch: ['labels', 'orders'],
      firstOfEach: [
        ['labels', Label.objects.orderBy('-name')],
        ['orders', Order.objects.filter({ count__gt: 0 }).orderBy('-count')],
      ],
    },
    {
      name: 'Order',
      rows: Order.objects,
      condition: orderCondition,
      orders: [['id'], ['-count', 'id'], ['thing__name', 'id']],
      numbers: ['count', 'thing__views'],
      columns: ['count', 'thing__name', 'thing__shop__name'],
      related: ['thing', 'thing__shop'],
      prefetch: ['thing__labels'],
      firstOfEach: [],
    },
    {
      name: 'Shop',
      rows: Shop.objects,
      condition: shopCondition,
      orders: [['id'], ['name', 'id'], ['-region', 'id']],
      numbers: ['region'],
      columns: ['name', 'region'],
      related: [],
      prefetch: ['things', 'things__labels'],
      firstOfEach: [
        ['things', Thing.objects.orderBy('-views')],
        ['things', Thing.objects.filter({ labels__isnull: false }).orderBy('kind', '-name')],
      ],
    },
    {
      name: 'Label',
      rows: Label.objects,
      condition: labelCondition,
      orders: [['id'], ['-name']],
      numbers: ['id'],
      columns: ['name'],
      related: [],
      prefetch: ['things', 'things__shop'],
      firstOfEach: [
        ['things', Thing.objects.orderBy('shop__name', 'price')],
        ['things', Thing.objects.filter({ kind__gte: 1 }).orderBy('-id')],
      ],
    },
  ];
}

/** How conditions are put together. */
type Shape = 'filter' | 'exclude' | 'or' | 'not' | 'two filters' | 'all';

interface Drawn {
  readonly source: number;
  readonly shape: Shape;
  readonly first: Conditions;
  readonly second: Conditions;
  readonly order: number;
  readonly verb: string;
  readonly number: number;
  readonly limit: number;
  /** How its lists are kept. */
  readonly kept: NonNullable<CacheOptions['rows']> | undefined;
}

const verbs = [
  ...['all', 'all', 'all', 'count', 'count', 'exists', 'first', 'last', 'ids', 'values', 'distinct'],
  ...['aggregate', 'groups', 'page', 'limited', 'related', 'prefetch', 'firstOfEach', 'subquery'],
];

/** Random questions: every lookup, relation and verb there is. */
export function questions(): fc.Arbitrary<Question> {
  const all = sources();
  return fc
    .nat({ max: all.length - 1 })
    .chain((source) => {
      const condition = all[source]?.condition ?? fc.constant({});
      return fc.record({
        source: fc.constant(source),
        shape: fc.constantFrom<Shape[]>('filter', 'filter', 'filter', 'exclude', 'or', 'not', 'two filters', 'all'),
        first: condition,
        second: condition,
        order: fc.nat({ max: 5 }),
        verb: fc.constantFrom(...verbs),
        number: fc.nat({ max: 3 }),
        limit: fc.integer({ min: 1, max: 4 }),
        kept: fc.constantFrom('whole' as const, 'reference' as const, undefined),
      });
    })
    .map((drawn) => questionOf(all[drawn.source], drawn));
}

function questionOf(source: Source | undefined, drawn: Drawn): Question {
  if (!source) throw new Error('drawn from what there is');
  const options = drawn.kept ? { rows: drawn.kept } : {};
  return {
    text: `${source.name} ${JSON.stringify(drawn)}`,
    ask: (cached) => ask(source, drawn, (rows) => (cached ? rows.cache(options) : rows.noCache())),
  };
}

function narrowed(rows: Rows, { shape, first, second }: Drawn): Rows {
  switch (shape) {
    case 'all':
      return rows;
    case 'filter':
      return rows.filter(first);
    case 'exclude':
      return rows.exclude(first);
    case 'or':
      return rows.filter(Q.or(first, second) as never);
    case 'not':
      return rows.filter(Q.and(first, Q.not(second)) as never);
    case 'two filters':
      return rows.filter(first).filter(second);
  }
}

interface Asking {
  readonly source: Source;
  readonly drawn: Drawn;
  readonly rows: Rows;
  readonly ordered: Rows;
  readonly how: (rows: Rows) => Rows;
  readonly number: string;
  readonly column: string;
}

function ask(source: Source, drawn: Drawn, how: (rows: Rows) => Rows): Promise<unknown> {
  const order = source.orders[drawn.order % source.orders.length] ?? ['id'];
  const number = source.numbers[drawn.number % source.numbers.length] ?? 'id';
  const column = source.columns[drawn.number % source.columns.length] ?? 'id';
  const rows = how(narrowed(source.rows, drawn));
  const ordered = rows.orderBy(...(order as ['id']));
  const asking = { source, drawn, rows, ordered, how, number, column };
  return (asks[drawn.verb] ?? asks['all'])?.(asking) ?? Promise.resolve();
}

async function plainRows(rows: Rows): Promise<unknown[]> {
  return (await rows.all()).map(plain);
}

/** Every verb, with what it answers as plain data. */
const asks: Readonly<Record<string, (asking: Asking) => Promise<unknown>>> = {
  firstOfEach,
  all: ({ ordered }) => plainRows(ordered),
  count: ({ rows }) => rows.count(),
  exists: ({ rows }) => rows.exists(),
  first: async ({ ordered }) => plain(await ordered.first()),
  last: async ({ ordered }) => plain(await ordered.last()),
  ids: ({ ordered }) => ordered.ids(),
  values: ({ ordered, column }) => ordered.values('id', column as 'id'),
  distinct: ({ rows, column }) =>
    rows
      .orderBy(column as 'id')
      .distinct()
      .values(column as 'id'),
  aggregate: ({ rows, number }) =>
    rows.aggregate({ n: count(), low: min(number), high: max(number), sum: sum(number), mean: avg(number) } as never),
  groups: ({ rows, column, number }) =>
    rows.groupBy(column as 'id').aggregate({ n: count(), high: max(number) } as never, { orderBy: [column as 'id'] }),
  page: async ({ ordered, drawn }) => {
    const page = await ordered.paginate({ page: 1, pageSize: drawn.limit });
    return [page.items.map(plain), page.total];
  },
  limited: ({ ordered, drawn }) => plainRows(ordered.limit(drawn.limit).offset(1)),
  subquery: ({ source, rows, how, drawn }) => {
    const some = { id__in: rows.orderBy('id').limit(drawn.limit) };
    return plainRows(how(source.rows.filter(some as never)).orderBy('id'));
  },
  related: ({ source, ordered, drawn }) => {
    const path = source.related[drawn.number % Math.max(1, source.related.length)];
    return path === undefined ? plainRows(ordered) : withAlong(ordered.related(path as never), path);
  },
  prefetch: ({ source, ordered, drawn }) => {
    const path = source.prefetch[drawn.number % source.prefetch.length] ?? '';
    return withAlong(ordered.prefetch(path as never), path);
  },
};

/** Rows, each with the first of what points at it or is linked to it. */
async function firstOfEach({ source, ordered, drawn }: Asking): Promise<unknown> {
  const [name, rows] = source.firstOfEach[drawn.number % Math.max(1, source.firstOfEach.length)] ?? [];
  if (name === undefined || !rows) return plainRows(ordered);
  const query = rows.limit(drawn.limit).offset(drawn.order % 2);
  const loaded = await ordered.prefetch({ name, query, as: 'some' } as never).all();
  return loaded.map((row) => [plain(row), (Reflect.get(row, 'some') as object[]).map(plain)]);
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
  const all = await Promise.all(rows.map((one) => along(one as object, rest)));
  return all.map((one) => JSON.stringify(one)).sort();
}

function isRows(value: unknown): value is Rows {
  return typeof value === 'object' && value !== null && 'all' in value;
}

function plain(row: unknown): unknown {
  return row === undefined ? undefined : JSON.parse(JSON.stringify(row));
}
