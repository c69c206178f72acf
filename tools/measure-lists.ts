import { parseArgs } from 'node:util';
import { CachedModel, Column, connect, invalidateModel, PrimaryKey, Table } from '../src/index.js';
import type { Manager, QuerySet } from '../src/index.js';
import { startPostgres, startRedis } from '../test/setup/servers.js';

/** Measures lists of whole rows that are kept whole and by reference, in turns: a hit, and a read after a row was written. */

@Table('measured_rows')
class MeasuredRow extends CachedModel {
  declare static objects: Manager<MeasuredRow>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare list: number;
  @Column({ type: 'string' }) declare title: string;
  @Column({ type: 'text' }) declare body: string;
  @Column({ type: 'json' }) declare tags: string[];
  @Column({ type: 'datetime' }) declare createdAt: Date;
  @Column({ type: 'integer', volatile: true }) declare views: number;
}

const { values: given } = parseArgs({
  options: { rounds: { type: 'string', default: '300' }, only: { type: 'string', default: '' } },
});
const rounds = Number(given.rounds);
const sizes = [10, 50, 200];
/** The rows of one value among which the database has to look for the newest. */
const many = 20_000;
const ways = ['whole', 'reference'] as const;
const situations = ['hit', 'row written', 'nothing cached'] as const;
type Times = Readonly<Record<(typeof situations)[number], number[]>>;

/** A list that costs the database as little as can be, or a search. */
const lists: Readonly<Record<string, (size: number) => QuerySet<MeasuredRow>>> = {
  'all of a value': (size) => MeasuredRow.objects.filter({ list: size }).orderBy('id'),
  [`newest of ${many}`]: (size) => MeasuredRow.objects.filter({ list: many }).orderBy('-createdAt').limit(size),
};

async function fill(): Promise<void> {
  for (const size of [...sizes, many]) {
    const rows = Array.from({ length: size }, (_, place) => rowOf(size, place));
    for (let first = 0; first < size; first += 1000) {
      await MeasuredRow.objects.bulkCreate(rows.slice(first, first + 1000));
    }
  }
}

function rowOf(list: number, place: number) {
  const createdAt = new Date(1.7e12 + ((place * 7919) % many) * 1e6);
  return { list, title: `Title ${place}`, body: 'text '.repeat(60), tags: ['a', 'b'], createdAt, views: 0 };
}

async function microseconds(task: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await task();
  return (performance.now() - startedAt) * 1000;
}

async function measureOnce(rows: QuerySet<MeasuredRow>, id: number, times: Times): Promise<void> {
  const read = (): Promise<unknown> => rows.all();
  for (let turn = 0; turn < 3; turn += 1) await read(); // until what was stored has arrived
  times.hit.push(await microseconds(read));
  await MeasuredRow.objects.filter({ id }).update({ views: times.hit.length });
  times['row written'].push(await microseconds(read));
  if (times.hit.length % 4 > 0) return;
  await invalidateModel(MeasuredRow);
  times['nothing cached'].push(await microseconds(read));
}

/** Times of the list kept in each way. */
async function measureList(list: QuerySet<MeasuredRow>): Promise<Times[]> {
  const ids = await list.noCache().ids();
  const times = ways.map((): Times => ({ hit: [], 'row written': [], 'nothing cached': [] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, rows] of ways.entries()) {
      await measureOnce(list.cache({ rows }), ids[round % ids.length] as number, times[index] as Times); // one for each way
    }
  }
  return times;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

/** How many of the reads must come after a write for by reference to take no longer on the whole. */
function breakEven([whole, reference]: readonly Times[]): string {
  const saved = median(whole?.['row written'] ?? []) - median(reference?.['row written'] ?? []);
  const paid = median(reference?.hit ?? []) - median(whole?.hit ?? []);
  if (saved <= 0) return paid > 0 ? 'never' : 'always';
  return paid <= 0 ? 'always' : `${((100 * paid) / (paid + saved)).toFixed(0)} %`;
}

async function measure(name: string, database: string, cache: string): Promise<void> {
  const db = await connect({ database, cache, ttl: '1d', onCacheFailure: 'throw' });
  await db.createTables([MeasuredRow]);
  await fill();
  for (const [kind, list] of Object.entries(lists)) {
    for (const size of sizes) {
      const times = await measureList(list(size));
      const cells = situations.map((situation) => times.map((each) => median(each[situation]).toFixed(0)).join(' / '));
      console.log(`| ${[name, kind, size, ...cells, breakEven(times)].join(' | ')} |`);
    }
  }
  await db.close();
}

const postgres = await startPostgres();
const redis = await startRedis();
const cases: Readonly<Record<string, () => Promise<void>>> = {
  'sqlite-memory': () => measure('SQLite, memory', 'sqlite::memory:', 'memory:'),
  'sqlite-redis': () => measure('SQLite, Redis', 'sqlite::memory:', `${redis.url}/1`),
  'postgres-memory': () => measure('PostgreSQL, memory', postgres.url, 'memory:'),
  'postgres-redis': () => measure('PostgreSQL, Redis', postgres.url, `${redis.url}/2`),
};
try {
  console.log(
    'Microseconds, whole / by reference. Even: of so many reads one row was written before, and both take as long.',
  );
  console.log(`| database, cache | list | rows | ${situations.join(' | ')} | even |`);
  for (const [name, run] of Object.entries(cases)) if (given.only === '' || given.only === name) await run();
} finally {
  await redis.stop();
  await postgres.kill();
}
