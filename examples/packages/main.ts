import { randomUUID } from 'node:crypto';
import { connect, MoneyclipError, type Database } from 'moneyclip';
import { browse, planTour, type Picture } from './browse.js';
import { makeTables, storePackages } from './build.js';
import { changesIn } from './changes.js';
import { differences, pictureBySql } from './check.js';
import { connectCounting, type CountingRedis } from './counting-redis.js';
import { effectOf, type Effect } from './effects.js';
import { Meter } from './meter.js';
import { parseOptions, usage, WrongOption, type Options } from './options.js';
import { effectList, measurementTable } from './report.js';
import { scanPackages, type Scan } from './scan-packages.js';

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(usage);
    return;
  }
  const scan = scanPackages(options.folder, options.limit);
  if (scan.manifests.length === 0) {
    throw new WrongOption('There are no packages under node_modules here; run npm install, or name another --folder');
  }
  console.log(describeScan(scan));
  const redis = options.cache.startsWith('redis') ? await connectCounting(options.cache) : undefined;
  try {
    await useDatabase(options, redis, scan);
  } finally {
    redis?.disconnect();
  }
}

async function useDatabase(options: Options, redis: CountingRedis | undefined, scan: Scan): Promise<void> {
  const db = await connect({
    database: options.database,
    cache: redis ?? options.cache,
    // An application has one prefix. This one makes its database anew each time, so nothing that was cached may remain.
    prefix: `example:${randomUUID()}:`,
    ttl: '10m',
  });
  try {
    await run(db, new Meter(db, redis), { scan, isSqlite: options.database.startsWith('sqlite:') });
  } finally {
    await db.close();
  }
}

async function run(db: Database, meter: Meter, { scan, isSqlite }: { scan: Scan; isSqlite: boolean }): Promise<void> {
  await makeTables(db);
  await meter.measure('build', () => storePackages(scan.manifests));
  await browseAndCompare(db, meter, 'browse, cold');
  const picture = await browseAndCompare(db, meter, 'browse, warm');
  const effects: Effect[] = [];
  for (const { name, write } of changesIn(db, isSqlite)) {
    if (!(await meter.measure(name, write))) continue; // this project has nothing to change in this way
    effects.push(await effectOf(name, await planTour()));
    await browseAndCompare(db, meter, '  browse again');
  }
  print(meter, effects, picture);
}

/** Throws if what the cache shows is not what SQL alone shows. */
async function browseAndCompare(db: Database, meter: Meter, phase: string): Promise<Picture> {
  const tour = await planTour();
  const expected = await pictureBySql(db.knex);
  const picture = await meter.measure(phase, () => browse(tour));
  const wrong = differences(picture, expected);
  if (wrong.length > 0) throw new Error(`${phase.trim()}: the cache differs from plain SQL in ${wrong.join(', ')}`);
  return picture;
}

function describeScan({ manifests, broken, isCut }: Scan): string {
  const lines = [`${manifests.length} packages under node_modules${isCut ? ' (more were left out: --limit)' : ''}`];
  const some = broken.slice(0, 5).join(', ');
  if (some !== '') lines.push(`${broken.length} without a readable package.json: ${some}`);
  return lines.join('\n');
}

function mostNeeded({ dependents }: Picture): string {
  const most = Object.entries(dependents).toSorted(([, left], [, right]) => right[1] - left[1]);
  return most
    .slice(0, 3)
    .map(([name, [direct, all]]) => `${name} (${direct} directly, ${all} in all)`)
    .join(', ');
}

function print(meter: Meter, effects: readonly Effect[], picture: Picture): void {
  const parts = [
    `most packages depend on: ${mostNeeded(picture)}`,
    measurementTable(meter.measurements),
    effectList(effects),
    'What was browsed was compared with plain SQL each time: the same.',
  ];
  console.log(parts.join('\n\n'));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof WrongOption) console.error(`${error.message}\n--help tells more.`);
  else if (error instanceof MoneyclipError) console.error(error.message);
  else console.error(error);
  process.exitCode = error instanceof WrongOption ? 2 : 1;
}
