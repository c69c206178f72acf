import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { allCells, buckets, holders, notes, shelves } from '../workload/rows.js';
import { Recorder } from '../workload/recorder.js';
import type { World } from '../world/world.js';
import { between, type FaultKind, type Scene } from './fault-kind.js';

async function withClient<T>({ postgres }: World, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: postgres.url, application_name: 'fault' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function restart({ postgres }: World, signal: 'SIGINT' | 'SIGQUIT', awayMs: number): Promise<void> {
  process.kill(postgres.process.pid, signal);
  while (postgres.process.isRunning) await wait(5);
  await wait(awayMs);
  await postgres.process.start();
}

/** Statements past the library, as of another program: of rows that the application uses, for a second or two. */
export async function writePlainSql({ world, random }: Scene): Promise<void> {
  const firstWrite = world.numbersForWrites();
  const recorder = new Recorder(join(world.folder, `plain-sql-${firstWrite}.jsonl`));
  try {
    await withClient(world, async (client) => {
      for (let write = 1; write <= 40; write += 1) {
        const wid = firstWrite + write;
        recorder.write('begin', 'plain SQL', wid);
        const isDone = await client.query(plainStatement(random, wid)).then(
          () => true,
          () => false, // a deadlock with the application
        );
        if (isDone) recorder.write('done', 'plain SQL', wid);
        await between(random, 0, 60);
      }
    });
  } finally {
    recorder.close();
  }
}

function plainStatement(random: Scene['random'], wid: number): string {
  const cell = random.oneOf(allCells);
  const statements = [
    `UPDATE cells SET wid = ${wid} WHERE id = ${cell}`,
    `UPDATE cells SET wid = ${wid}, bucket = ${random.oneOf(buckets)} WHERE id = ${cell}`,
    `UPDATE cells SET wid = ${wid}, holder_id = ${random.oneOf(holders)} WHERE id IN (${cell}, ${cell + 1})`,
    `UPDATE holders SET wid = ${wid} WHERE id = ${random.oneOf(holders)}`,
    `UPDATE notes SET wid = ${wid}, shelf = ${random.oneOf(shelves)} WHERE id = ${random.oneOf(notes)}`,
    `INSERT INTO cells (id, wid, v, bucket, holder_id) VALUES (101, ${wid}, 0, 1, 1)
     ON CONFLICT (id) DO UPDATE SET wid = ${wid}, bucket = ${random.oneOf(buckets)}`,
  ];
  return random.oneOf(statements);
}

export const postgresFaults: readonly FaultKind[] = [
  {
    kind: 'postgres-fast',
    means: 'a fast restart of PostgreSQL',
    isHarmless: true,
    inject: ({ world, random }) => restart(world, 'SIGINT', random.fraction() * 200),
  },
  {
    kind: 'postgres-immediate',
    means: 'an immediate shutdown of PostgreSQL, and its recovery',
    isHarmless: false,
    inject: ({ world, random }) => restart(world, 'SIGQUIT', random.fraction() * 200),
  },
  {
    kind: 'postgres-terminate',
    means: 'pg_terminate_backend of half of the connections',
    isHarmless: true,
    inject: async ({ world }) => {
      await withClient(world, (client) =>
        client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE backend_type = 'client backend' AND application_name NOT IN ('observer', 'fault') AND random() < 0.5`,
        ),
      );
    },
  },
  {
    kind: 'plain-sql',
    means: 'statements that do not go through the library',
    isHarmless: false,
    writesPastLibrary: true,
    inject: writePlainSql,
  },
];
