import createKnex, { type Knex } from 'knex';
import pg from 'pg';
import { captureMigration, CachedModel, Column, connect, PrimaryKey, Table } from '../src/index.js';
import { startPostgres } from '../test/setup/servers.js';

/** Measures what change capture costs writers: the same statements with triggers and without, in turns. */

@Table('measured_rows')
class MeasuredRow extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare kind: number;
  @Column({ type: 'string', index: true }) declare owner: string;
  @Column({ type: 'text' }) declare body: string;
}

interface Workload {
  readonly name: string;
  readonly times: number;
  readonly statement: (number: number) => string;
}

const rows = 20_000;
const rounds = 5;
const workloads: readonly Workload[] = [
  {
    name: 'UPDATE of 1 row',
    times: 1000,
    statement: (n) => `UPDATE measured_rows SET kind = ${n} WHERE id = ${n * 7}`,
  },
  {
    name: 'INSERT of 1 row',
    times: 1000,
    statement: (n) => `INSERT INTO measured_rows (id, kind, owner, body) VALUES (${rows + n + 1}, 1, 'new', 'text')`,
  },
  { name: 'DELETE of 1 row', times: 1000, statement: (n) => `DELETE FROM measured_rows WHERE id = ${rows + n + 1}` },
  {
    name: 'UPDATE of 500 rows',
    times: 20,
    statement: (n) => `UPDATE measured_rows SET kind = ${n} WHERE id BETWEEN ${n * 500 + 1} AND ${n * 500 + 500}`,
  },
  {
    name: 'UPDATE of 10,000 rows',
    times: 2,
    statement: (n) => `UPDATE measured_rows SET kind = ${n} WHERE id <= 10000`,
  },
];

/** Microseconds for one statement. */
async function timeOf(client: pg.Client, { times, statement }: Workload): Promise<number> {
  const startedAt = performance.now();
  for (let number = 0; number < times; number += 1) await client.query(statement(number));
  return ((performance.now() - startedAt) * 1000) / times;
}

async function measure(client: pg.Client, knex: Knex): Promise<Map<string, { plain: number[]; captured: number[] }>> {
  const times = new Map(workloads.map(({ name }) => [name, { plain: [] as number[], captured: [] as number[] }]));
  const migration = captureMigration({ models: [MeasuredRow] });
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of ['plain', 'captured'] as const) {
      await (kind === 'captured' ? migration.up(knex) : migration.down(knex));
      await client.query('VACUUM ANALYZE measured_rows');
      for (const workload of workloads) times.get(workload.name)?.[kind].push(await timeOf(client, workload));
    }
  }
  return times;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

const server = await startPostgres();
const knex = createKnex({ client: 'pg', connection: server.url, pool: { min: 0, max: 1 } });
const client = new pg.Client(server.url);
try {
  const db = await connect({ database: server.url, enabled: false });
  await db.createTables([MeasuredRow]);
  await db.close();
  await client.connect();
  await client.query(
    `INSERT INTO measured_rows (id, kind, owner, body) SELECT n, n % 10, 'owner ' || n % 100, repeat('text ', 40) FROM generate_series(1, ${rows}) n`,
  );
  console.log('| statement | without, µs | with triggers, µs | ratio |');
  console.log('| --------- | ----------- | ----------------- | ----- |');
  for (const [name, { plain, captured }] of await measure(client, knex)) {
    const [without, withTriggers] = [median(plain), median(captured)];
    console.log(
      `| ${name} | ${without.toFixed(0)} | ${withTriggers.toFixed(0)} | ${(withTriggers / without).toFixed(2)} |`,
    );
  }
} finally {
  await client.end();
  await knex.destroy();
  await server.kill();
}
