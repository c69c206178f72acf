import createKnex from 'knex';
import pg from 'pg';
import { captureMigration, CachedModel, Column, connect, PrimaryKey, Table } from '../src/index.js';
import { startPostgres } from '../test/setup/servers.js';

/** Measures what change capture costs writers: the same statements on a table with triggers and on one without, in turns. */

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
  readonly statement: (table: string, number: number) => string;
}

const tables = ['plain_rows', 'measured_rows'] as const;
const rows = 20_000;
const workloads: readonly Workload[] = [
  {
    name: 'UPDATE of 1 row',
    times: 3000,
    statement: (table, n) => `UPDATE ${table} SET kind = ${n} WHERE id = ${n * 6 + 1}`,
  },
  {
    name: 'INSERT of 1 row',
    times: 3000,
    statement: (table, n) =>
      `INSERT INTO ${table} (id, kind, owner, body) VALUES (${rows + n + 1}, 1, 'new', repeat('text ', 40))`,
  },
  {
    name: 'DELETE of 1 row',
    times: 3000,
    statement: (table, n) => `DELETE FROM ${table} WHERE id = ${rows + n + 1}`,
  },
  {
    name: 'UPDATE of 500 rows',
    times: 60,
    statement: (table, n) => {
      const first = (n % 20) * 500 + 1;
      return `UPDATE ${table} SET kind = ${n} WHERE id BETWEEN ${first} AND ${first + 499}`;
    },
  },
  {
    name: 'UPDATE of 10,000 rows',
    times: 9,
    statement: (table, n) => `UPDATE ${table} SET kind = ${n} WHERE id <= 10000`,
  },
];

/** Microseconds of the median statement, by table. */
async function measure(client: pg.Client, { times, statement }: Workload): Promise<number[]> {
  const measured = tables.map(() => [] as number[]);
  for (let number = 0; number < times; number += 1) {
    for (const [index, table] of tables.entries()) {
      const startedAt = performance.now();
      await client.query(statement(table, number));
      measured[index]?.push((performance.now() - startedAt) * 1000);
    }
  }
  return measured.map(median);
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
  await client.query('CREATE TABLE plain_rows (LIKE measured_rows INCLUDING ALL)');
  await client.query('INSERT INTO plain_rows SELECT * FROM measured_rows');
  await captureMigration({ models: [MeasuredRow] }).up(knex);
  await client.query('VACUUM ANALYZE');
  console.log('| statement             | without | with triggers | ratio |');
  console.log('| --------------------- | ------: | ------------: | ----: |');
  for (const workload of workloads) {
    const [without = 0, withTriggers = 0] = await measure(client, workload);
    const cells = [`${without.toFixed(0)} µs`, `${withTriggers.toFixed(0)} µs`, (withTriggers / without).toFixed(2)];
    console.log(`| ${workload.name.padEnd(21)} | ${cells.join(' | ')} |`);
  }
} finally {
  await client.end();
  await knex.destroy();
  await server.kill();
}
