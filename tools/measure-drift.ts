import { CachedModel, Column, connect, PrimaryKey, Table, type CacheManager, type Manager } from '../src/index.js';
import { startPostgres, startRedis } from '../test/setup/servers.js';

/**
 * Measures what the drift check costs hits: one after the other, with each share in turns, on PostgreSQL. Processor time,
 * since others may use the machine too; the best round of each.
 */

@Table('measured_prices')
class Price extends CachedModel {
  declare static objects: Manager<Price>;
  declare static cache: CacheManager<Price>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare shop: number;
  @Column({ type: 'integer' }) declare cents: number;
}

const shares = [undefined, 0.0001, 0.01, 1] as const;
const rounds = 8;
const rows = 100;

interface Workload {
  readonly name: string;
  readonly cache: string;
  readonly hits: number;
  readonly read: (number: number) => Promise<unknown>;
}

const readRow = (number: number): Promise<unknown> => Price.cache.get((number % rows) + 1);
const readList = (number: number): Promise<unknown> =>
  Price.objects
    .filter({ shop: number % 10 })
    .orderBy('id')
    .cache()
    .all();

/** Microseconds of this process' processor time a hit, with the comparisons beside it. */
async function measure(database: string, workload: Workload, share: number | undefined): Promise<number> {
  const db = await connect({ database, cache: workload.cache, driftCheck: share === undefined ? false : { share } });
  for (let number = 0; number < rows; number += 1) await workload.read(number);
  const before = process.cpuUsage();
  for (let number = 0; number < workload.hits; number += 1) await workload.read(number);
  const { user, system } = process.cpuUsage(before);
  await db.close();
  return (user + system) / workload.hits;
}

async function row(database: string, workload: Workload): Promise<string> {
  const measured = shares.map(() => [] as number[]);
  for (let turn = 0; turn < rounds * shares.length; turn += 1) {
    const index = (turn + Math.floor(turn / shares.length)) % shares.length; // each is first in its turn
    measured[index]?.push(await measure(database, workload, shares[index]));
  }
  return [workload.name, ...measured.map((each) => `${Math.min(...each).toFixed(1)} µs`)].join(' | ');
}

const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
try {
  const db = await connect({ database: postgres.url });
  await db.createTables([Price]);
  await Price.objects.bulkCreate(
    Array.from({ length: rows }, (_, index) => ({ id: index + 1, shop: index % 10, cents: index })),
  );
  await db.close();
  console.log(`| a hit | ${shares.map((share) => (share === undefined ? 'off' : `share ${share}`)).join(' | ')} |`);
  console.log(`| ----- |${' ----: |'.repeat(shares.length)}`);
  for (const workload of [
    { name: 'row, in memory', cache: 'memory:', hits: 30_000, read: readRow },
    { name: 'list of 10 rows, in memory', cache: 'memory:', hits: 10_000, read: readList },
    { name: 'row, in Redis', cache: redis.url, hits: 2000, read: readRow },
    { name: 'list of 10 rows, in Redis', cache: redis.url, hits: 2000, read: readList },
  ]) {
    console.log(`| ${await row(postgres.url, workload)} |`);
  }
} finally {
  await Promise.all([postgres.kill(), redis.kill()]);
}
