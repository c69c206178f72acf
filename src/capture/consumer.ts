import type { OwnConnection } from '../database/own-connection.js';
import type { StatementResult } from '../database/statement.js';
import { quoteName } from '../query/sql-writer.js';
import type { RecordedChange } from './recorded-changes.js';

/** After so long without a sign of life a consumer is taken for gone, and the outbox no longer waits for it. */
const longestSilence = '10 minutes';

/** A part of what waits in the outbox. */
export interface Batch {
  /** What the database had committed when it was read. */
  readonly snapshot: string;
  readonly changes: readonly RecordedChange[];
  readonly ids: readonly string[];
}

/**
 * One cache, as the database knows it: a row that says which transactions it has heard of. Which ones these are is told
 * by a snapshot, never by the last id: transactions commit in another order than they take ids.
 */
export class Consumer {
  readonly #connection: OwnConnection;
  readonly #id: string;
  readonly #outbox: string;
  readonly #consumer: string;

  constructor(connection: OwnConnection, schema: string, id: string) {
    this.#connection = connection;
    this.#id = id;
    this.#outbox = `${quoteName(schema)}.outbox`;
    this.#consumer = `${quoteName(schema)}.consumer`;
  }

  /**
   * Makes sure that the outbox waits for this cache. True where it did not until now, on this server and since its last
   * promotion: changes may have been missed, and everything that is cached must be forgotten.
   */
  async join(prefix: string): Promise<boolean> {
    const { rows } = await this.#run(
      `INSERT INTO ${this.#consumer} AS known (id, prefix, server, seen)
       SELECT $1, $2, system_identifier || '/' || timeline_id, pg_current_snapshot()
       FROM pg_control_system(), pg_control_checkpoint()
       ON CONFLICT (id) DO UPDATE SET server = excluded.server, seen = excluded.seen, beat = clock_timestamp(), tables = '{}'
       WHERE known.server <> excluded.server RETURNING id`,
      [this.#id, prefix],
    );
    return rows.length > 0;
  }

  /**
   * Whether this connection leads the processes that share this cache, as it does until it ends. All of them may read
   * the outbox; the leader does so often.
   */
  async lead(): Promise<boolean> {
    const { rows } = await this.#run("SELECT pg_try_advisory_lock(hashtextextended('moneyclip relay ' || $1, 0))", [
      this.#id,
    ]);
    return rows[0]?.[0] === true;
  }

  /** Whether a pooler stands between, which gives each statement whatever connection is free. */
  async isPooled(): Promise<boolean> {
    const { rows } = await this.#run('SELECT pg_backend_pid()', []);
    return rows[0]?.[0] !== this.#connection.announcedProcess;
  }

  /** What this cache has not heard of, from after an id on; undefined where the outbox does not wait for it any more. */
  async read(afterId: string, limit: number): Promise<Batch | undefined> {
    const { rows } = await this.#run(
      `SELECT pg_current_snapshot()::text, change.id::text, change.source, array_to_json(change.columns)::text, change.rows
       FROM ${this.#consumer} AS own LEFT JOIN LATERAL (
         SELECT * FROM ${this.#outbox} WHERE id > $2::bigint
         AND xid >= pg_snapshot_xmin(own.seen) AND NOT pg_visible_in_snapshot(xid, own.seen) ORDER BY id LIMIT $3
       ) AS change ON true WHERE own.id = $1`,
      [this.#id, afterId, limit],
    );
    const [first] = rows;
    if (!first) return undefined;
    const waiting = rows.filter(([, id]) => id !== null);
    return { snapshot: String(first[0]), changes: waiting.map(toChange), ids: waiting.map(([, id]) => String(id)) };
  }

  /**
   * Notes that this cache has heard of everything that was committed in a snapshot, and of the changes with these ids.
   * What every other one has heard of too leaves the outbox.
   */
  async heard(snapshot: string, ids: readonly string[]): Promise<void> {
    await this.#run(
      `WITH moved AS (
         UPDATE ${this.#consumer} SET seen = $2::pg_snapshot, beat = clock_timestamp() WHERE id = $1 RETURNING 1
       )
       DELETE FROM ${this.#outbox} AS change USING moved WHERE change.id = ANY($3::bigint[]) AND NOT EXISTS (
         SELECT FROM ${this.#consumer} AS other WHERE other.id <> $1 AND NOT pg_visible_in_snapshot(change.xid, other.seen)
       )`,
      [this.#id, snapshot, ids],
    );
  }

  /** Gives a sign of life, forgets the consumers that gave none for long, and what then nobody waits for. */
  async keepHouse(): Promise<void> {
    await this.#run(
      `WITH alive AS (UPDATE ${this.#consumer} SET beat = clock_timestamp() WHERE id = $1),
       gone AS (
         DELETE FROM ${this.#consumer} WHERE id <> $1 AND beat < clock_timestamp() - interval '${longestSilence}' RETURNING id
       )
       DELETE FROM ${this.#outbox} AS change WHERE NOT EXISTS (
         SELECT FROM ${this.#consumer} AS waiting
         WHERE waiting.id NOT IN (SELECT id FROM gone) AND NOT pg_visible_in_snapshot(change.xid, waiting.seen)
       )`,
      [this.#id],
    );
  }

  /** The states of the triggers under which the cache was filled, by table. */
  async tableStates(): Promise<Record<string, string>> {
    const { rows } = await this.#run(`SELECT tables FROM ${this.#consumer} WHERE id = $1`, [this.#id]);
    return JSON.parse((rows[0]?.[0] ?? '{}') as string) as Record<string, string>; // written by `noteTableStates`
  }

  async noteTableStates(states: Readonly<Record<string, string>>): Promise<void> {
    await this.#run(`UPDATE ${this.#consumer} SET tables = (tables::jsonb || $2::jsonb)::text WHERE id = $1`, [
      this.#id,
      JSON.stringify(states),
    ]);
  }

  /** Makes the outbox wait for this cache no longer. */
  async leave(): Promise<void> {
    await this.#run(`DELETE FROM ${this.#consumer} WHERE id = $1`, [this.#id]);
  }

  #run(text: string, parameters: readonly unknown[]): Promise<StatementResult> {
    return this.#connection.run({ text, parameters, writes: true });
  }
}

function toChange([, , source, columns, rows]: readonly unknown[]): RecordedChange {
  return {
    source: String(source),
    columns: JSON.parse(String(columns)) as string[], // made by array_to_json
    rows: rows as string | null, // the column's type
  };
}
