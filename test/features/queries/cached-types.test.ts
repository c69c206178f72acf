import { expect } from 'chai';
import {
  avg,
  CachedModel,
  Column,
  count,
  max,
  min,
  PrimaryKey,
  sum,
  Table,
  type CacheManager,
  type Manager,
  type QuerySet,
} from '../../../src/index.js';
import { forEachCombination } from '../../setup/combinations.js';
import { counted } from '../../support/counted.js';
import { typeOf } from '../column-types/probe-table.js';
import { kinds } from '../column-types/sample-values.js';

/** A model with a column of every type, and of arrays of every type. */
@Table('cachedtypes_samples', { label: 'cachedtypes.Sample' })
class Sample extends CachedModel {
  declare static objects: Manager<Sample>;
  declare static cache: CacheManager<Sample>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', default: 0 }) declare group: number;
}

const columns = kinds.map(({ declaration, edges }, index) => ({
  name: `c${index}`,
  type: typeOf(declaration).name,
  declaration,
  edges,
}));
for (const { name, declaration } of columns) {
  Column({ ...declaration, nullable: true })(Sample.prototype, name);
}
const names = ['id', 'group', ...columns.map(({ name }) => name)];
/** A query set without the types of the columns, which are declared above in a loop. */
const samples = (): QuerySet<Sample> & Untyped => Sample.objects.orderBy('id');

interface Untyped {
  values(...names: string[]): Promise<object[]>;
  aggregate(aggregates: object): Promise<object>;
  groupBy(...names: string[]): { aggregate(aggregates: object, options?: object): Promise<object[]> };
  cache(): Untyped & QuerySet<Sample>;
  noCache(): Untyped & QuerySet<Sample>;
  distinct(): Untyped & QuerySet<Sample>;
  orderBy(...names: string[]): Untyped & QuerySet<Sample>;
}

async function fill(): Promise<void> {
  const most = Math.max(...columns.map(({ edges }) => edges.length));
  const rows = Array.from({ length: most }, (_, row) => {
    const cells = columns.map(({ name, edges }) => [name, edges[row % edges.length]] as const);
    return { group: row % 2, ...Object.fromEntries<unknown>(cells) };
  });
  await Sample.objects.bulkCreate([...rows, { group: 2 }]); // the last one is all nulls
}

const nameOf = (type: string): string => columns.find((column) => column.type === type)?.name ?? '';
const scalars = columns.filter(({ type }) => !['json', 'array'].includes(type));
const ordered = ['integer', 'bigint', 'float', 'decimal', 'string', 'date', 'datetime', 'time'];

const aggregates: object = {
  n: count(),
  ...Object.fromEntries<object>(
    ordered.flatMap((type): (readonly [string, object])[] => [
      [`max ${type}`, max(nameOf(type))],
      [`min ${type}`, min(nameOf(type))],
    ]),
  ),
  'sum integer': sum(nameOf('integer')),
  'sum bigint': sum(nameOf('bigint')),
  'sum decimal': sum(nameOf('decimal')),
  'avg integer': avg(nameOf('integer')),
};

/** One read of a query set, as plain values. */
const reads: readonly (readonly [string, (query: Untyped & QuerySet<Sample>) => Promise<unknown>])[] = [
  ['all', async (query) => (await query.all()).map(plain)],
  ['first', async (query) => plain(await query.first())],
  ['last', async (query) => plain(await query.last())],
  ['get', async (query) => plain(await query.filter({ group: 2 }).get())],
  ['values', (query) => query.values(...names)],
  ['ids', (query) => query.ids()],
  ['pages by key', async (query) => (await query.paginate({ after: null, pageSize: 5 })).items.map(plain)],
  ['pages by number', async (query) => (await query.paginate({ page: 1, pageSize: 5 })).items.map(plain)],
  ['count', (query) => query.count()],
  ['exists', (query) => query.exists()],
  ['aggregate', (query) => query.aggregate(aggregates)],
  ...scalars.map(({ name, declaration }) => readOf(`distinct ${JSON.stringify(declaration)}`, name)),
  ...scalars.map(({ name, declaration }) => groupsOf(`groups of ${JSON.stringify(declaration)}`, name)),
];

function readOf(what: string, name: string): (typeof reads)[number] {
  return [what, (query) => query.distinct().orderBy(name).values(name)];
}

function groupsOf(what: string, name: string): (typeof reads)[number] {
  return [what, (query) => query.groupBy(name).aggregate(aggregates, { orderBy: [name] })];
}

function plain(sample: Sample | undefined): unknown {
  return sample && Object.fromEntries(names.map((name) => [name, Reflect.get(sample, name) as unknown]));
}

forEachCombination((combination) => {
  describe('cached answers keep their types', () => {
    const current = counted(combination, [Sample]);
    beforeEach(async () => {
      await fill();
      await Sample.cache.find(0); // notices whatever the set-up did
    });

    for (const [what, read] of reads) {
      it(what, async () => {
        const uncached = await read(samples().noCache());
        expect(await read(samples().cache()), 'a miss').to.deep.equal(uncached);
        const hit = await current().costOf(async () => {
          expect(await read(samples().cache()), 'a hit').to.deep.equal(uncached);
        });
        expect(hit.sql).to.equal(0);
      });
    }

    it('also where numbers are larger than JavaScript keeps', async () => {
      const rows = await samples().noCache().values(nameOf('bigint'));
      const cells = rows.flatMap((row) => Object.values(row) as (bigint | null)[]); // a bigint column
      const total = cells.reduce<bigint>((all, cell) => all + (cell ?? 0n), 0n);
      expect(total > 2n ** 53n || total < -(2n ** 53n), 'a sum that no number holds').to.equal(true);
      for (let time = 0; time < 2; time += 1) {
        const query: Untyped = samples().cache();
        const found = await query.aggregate(aggregates);
        expect(found).to.include({ 'max bigint': 2n ** 63n - 1n, 'min bigint': -(2n ** 63n), 'sum bigint': total });
        expect(Reflect.get(found, 'min datetime')).to.be.instanceOf(Date);
      }
    });
  });
});
