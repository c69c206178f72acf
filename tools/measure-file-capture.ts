import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Driver from 'better-sqlite3';
import {
  CachedModel,
  captureMigration,
  Column,
  connect,
  PrimaryKey,
  Table,
  type CacheManager,
  type Database,
} from '../src/index.js';

/**
 * Measures what the log of changes costs on SQLite: a hit, what follows a change of others, and writers, with triggers
 * and without, in turns.
 */

@Table('measured_rows')
class MeasuredRow extends CachedModel {
  declare static cache: CacheManager<MeasuredRow>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare kind: number;
  @Column({ type: 'string', unique: true }) declare code: string;
  @Column({ type: 'text' }) declare body: string;
}

const rows = 1000;
const sides = ['without', 'with'] as const;
const folder = mkdtempSync(join(tmpdir(), 'moneyclip-measure-'));

async function makeFile(side: (typeof sides)[number]): Promise<Driver.Database> {
  const file = fileOf(side);
  const db = await connect({ database: `sqlite:${file}`, enabled: false });
  await db.createTables([MeasuredRow]);
  if (side === 'with') await captureMigration({ models: [MeasuredRow] }).up(db.knex);
  await db.close();
  const other = new Driver(file);
  other.pragma('synchronous = OFF');
  const insert = other.prepare('INSERT INTO measured_rows (id, kind, code, body) VALUES (?, 1, ?, ?)');
  for (let id = 1; id <= rows; id += 1) insert.run(id, `code ${id}`, 'text '.repeat(40));
  return other;
}

function fileOf(side: string): string {
  return join(folder, `${side}.db`);
}

/** Microseconds of processor time of the median of some runs, each of which does `times` things: others use the machine too. */
async function medianOf(runs: number, times: number, task: (run: number) => Promise<void> | void): Promise<number> {
  const measured: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const before = process.cpuUsage();
    await task(run);
    const { user, system } = process.cpuUsage(before);
    measured.push((user + system) / times);
  }
  return measured.toSorted((left, right) => left - right)[Math.floor(runs / 2)] ?? 0;
}

type Measured = Record<(typeof sides)[number], number>;

function print(what: string, { without, with: withLog }: Measured): void {
  const cells = [`${without.toFixed(1)} µs`, `${withLog.toFixed(1)} µs`, (withLog / without).toFixed(2)];
  console.log(`| ${what.padEnd(44)} | ${cells.join(' | ')} |`);
}

async function both(task: (side: (typeof sides)[number]) => Promise<number>): Promise<Measured> {
  return { without: await task('without'), with: await task('with') };
}

function hits(): Promise<number> {
  return medianOf(15, rows, async () => {
    for (let id = 1; id <= rows; id += 1) await MeasuredRow.cache.get(id);
  });
}

/** One change of somebody else, and then every row once: how many of them are read anew makes the difference. */
function afterChange(other: Driver.Database): Promise<number> {
  const update = other.prepare("UPDATE measured_rows SET body = body || 'x' WHERE id = ?");
  return medianOf(15, 1, async (run) => {
    update.run(run + 1);
    for (let id = 1; id <= rows; id += 1) await MeasuredRow.cache.get(id);
  });
}

/** One change of somebody else, and then the row that it changed. */
function changedRow(other: Driver.Database): Promise<number> {
  const update = other.prepare("UPDATE measured_rows SET body = body || 'x' WHERE id = ?");
  return medianOf(300, 1, async (run) => {
    update.run(run + 1);
    await MeasuredRow.cache.get(run + 1);
  });
}

interface Writes {
  readonly what: string;
  readonly times: number;
  readonly sql: string;
  readonly parameters: (time: number) => readonly unknown[];
}

const writes: readonly Writes[] = [
  {
    what: 'UPDATE of 1 row',
    times: 100,
    sql: 'UPDATE measured_rows SET kind = ? WHERE id = ?',
    parameters: (time) => [time, (time % rows) + 1],
  },
  {
    what: 'INSERT of 1 row',
    times: 100,
    sql: 'INSERT INTO measured_rows (id, kind, code, body) VALUES (?, 1, ?, ?)',
    parameters: (time) => [10_000 + time, `new ${time}`, 'text '.repeat(40)],
  },
  {
    what: 'DELETE of 1 row',
    times: 100,
    sql: 'DELETE FROM measured_rows WHERE id = ?',
    parameters: (time) => [10_000 + time],
  },
  {
    what: 'UPDATE of 500 rows',
    times: 2,
    sql: 'UPDATE measured_rows SET kind = ? WHERE id <= 500',
    parameters: (time) => [time],
  },
];

function writeCost(other: Driver.Database, { times, sql, parameters }: Writes): Promise<number> {
  const statement = other.prepare(sql);
  return medianOf(21, times, (run) => {
    for (let time = 0; time < times; time += 1) statement.run(...parameters(run * times + time));
  });
}

async function opened(side: (typeof sides)[number]): Promise<Database> {
  const db = await connect({ database: `sqlite:${fileOf(side)}`, capture: side === 'with' });
  await hits();
  return db;
}

try {
  const others = { without: await makeFile('without'), with: await makeFile('with') };
  console.log('| what                                         | without | with the log | ratio |');
  console.log('| -------------------------------------------- | ------: | -----------: | ----: |');
  for (const [what, task] of [
    ['a hit', () => hits()],
    ['a change of others, then the row', changedRow],
    [`a change of others, then each of ${rows} rows`, afterChange],
  ] as const) {
    print(
      what,
      await both(async (side) => {
        const db = await opened(side);
        const cost = await task(others[side]);
        await db.close();
        return cost;
      }),
    );
  }
  for (const write of writes) print(`${write.what}, by others`, await both((side) => writeCost(others[side], write)));
} finally {
  rmSync(folder, { recursive: true });
}
