import type { OwnConnection } from '../database/own-connection.js';
import type { StatementResult } from '../database/statement.js';
import { randomStamp } from '../support/random-stamp.js';
import { pauses } from '../support/weakened.js';
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
  /** The gate, where it was asked for and is the asker's. */
  readonly gate?: OpenGate | undefined;
}

/** A gate that its row says is granted. */
export interface OpenGate {
  readonly epoch: string;
  readonly beat: string;
  /** How long it lives. */
  readonly windowMs: number;
}

/** Which gate is asked for together with what waits. */
export interface GateAsk {
  readonly prefix: string;
  /** The process of Redis that the gate must be granted to. */
  readonly instance: string;
  /** True: count a beat, which takes a server that can commit. */
  readonly beats: boolean;
}

/** Runs statements for a consumer. */
export type Runner = Pick<OwnConnection, 'run'>;

/**
 * One cache, as the database knows it: a row that says which transactions it has heard of. Which ones these are is told
 * by a snapshot, never by the last id: transactions commit in another order than they take ids.
 */
export class Consumer {
  readonly #connection: Runner;
  readonly #id: string;
  readonly #outbox: string;
  readonly #consumer: string;
  readonly #gate: string;

  constructor(connection: Runner, schema: string, id: string) {
    this.#connection = connection;
    this.#id = id;
    this.#outbox = `${quoteName(schema)}.outbox`;
    this.#consumer = `${quoteName(schema)}.consumer`;
    this.#gate = `${quoteName(schema)}.gate`;
  }

  /**
   * Makes sure that the outbox waits for this cache. True where it did not until now, on this server and since its last
   * promotion: changes may have been missed, and everything that is cached must be forgotten.
   */
  async join(prefix: string): Promise<boolean> {
    const { rows } = await this.#run(this.#joinSql(), [this.#id, prefix]);
    return rows.length > 0;
  }

  /**
   * The same for a cache with a gate. Where changes may have been missed the gate is closed in the same statement, and
   * gets a new epoch: nobody may open it for what is cached before that is forgotten.
   */
  async joinAtGate(prefix: string): Promise<boolean> {
    const { rows } = await this.#run(
      `WITH joined AS (${this.#joinSql()}), closed AS (
         UPDATE ${this.#gate} SET granted = false, epoch = $3, token = $4 WHERE ns = $2 AND EXISTS (SELECT FROM joined)
       ) SELECT id FROM joined`,
      [this.#id, prefix, randomStamp(), randomStamp()],
    );
    return rows.length > 0;
  }

  #joinSql(): string {
    return `INSERT INTO ${this.#consumer} AS known (id, prefix, server, seen)
       SELECT $1, $2, system_identifier || '/' || timeline_id, pg_current_snapshot()
       FROM pg_control_system(), pg_control_checkpoint()
       ON CONFLICT (id) DO UPDATE SET server = excluded.server, seen = excluded.seen, beat = clock_timestamp(), tables = '{}'
       WHERE known.server <> excluded.server RETURNING id`;
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
  async isPooled({ announcedProcess }: OwnConnection): Promise<boolean> {
    const { rows } = await this.#run('SELECT pg_backend_pid()', []);
    return rows[0]?.[0] !== announcedProcess;
  }

  get id(): string {
    return this.#id;
  }

  /** What this cache has not heard of, from after an id on; undefined where the outbox does not wait for it any more. */
  async read(afterId: string, limit: number, gate?: GateAsk): Promise<Batch | undefined> {
    const { rows } = await this.#run(
      `${gate ? this.#gateSql(gate.beats) : ''}SELECT pg_current_snapshot()::text, change.id::text, change.source,
         array_to_json(change.columns)::text, change.rows${gate ? ', gate.epoch, gate.beat::text, gate.window_ms' : ''}
       FROM ${this.#consumer} AS own ${gate ? 'LEFT JOIN gate ON true ' : ''}LEFT JOIN LATERAL (
         SELECT * FROM ${this.#outbox} WHERE id > $2::bigint
         AND xid >= pg_snapshot_xmin(own.seen) AND NOT pg_visible_in_snapshot(xid, own.seen) ORDER BY id LIMIT $3
       ) AS change ON true WHERE own.id = $1`,
      [this.#id, afterId, limit, ...(gate ? [gate.prefix, gate.instance] : [])],
    );
    const [first] = rows;
    if (!first) return undefined;
    const waiting = rows.filter(([, id]) => id !== null);
    const ids = waiting.map(([, id]) => String(id));
    return { snapshot: String(first[0]), changes: waiting.map(toChange), ids, gate: toGate(first) };
  }

  /** Only for tests, which show what happens then: the gate is asked for in a statement before. */
  async readInTwo(afterId: string, limit: number, ask: GateAsk): Promise<Batch | undefined> {
    const granted = await this.read('9223372036854775807', 1, ask);
    if (pauses.betweenStatements) await pauses.betweenStatements();
    const batch = await this.read(afterId, limit);
    return batch && granted && { ...batch, gate: granted.gate };
  }

  /**
   * The gate's row, if it is granted to the process of Redis that is asked about.
   *
   * NOTE: in the statement that reads the outbox, so that both are of one snapshot. A change that was committed after
   * another process took the gate over is not seen then, and cannot be taken for heard of here.
   */
  #gateSql(beats: boolean): string {
    const granted = 'ns = $4 AND inst = $5 AND granted AND NOT suspended';
    const gate = beats
      ? `UPDATE ${this.#gate} SET beat = beat + 1 WHERE ${granted} RETURNING epoch, beat, window_ms`
      : `SELECT epoch, beat, window_ms FROM ${this.#gate} WHERE ${granted}`;
    return `WITH gate AS (${gate}) `;
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

function toGate([, , , , , epoch, beat, windowMs]: readonly unknown[]): OpenGate | undefined {
  if (typeof epoch !== 'string' || typeof beat !== 'string') return undefined;
  return { epoch, beat, windowMs: Number(windowMs) };
}

function toChange([, , source, columns, rows]: readonly unknown[]): RecordedChange {
  return {
    source: String(source),
    columns: JSON.parse(String(columns)) as string[], // made by array_to_json
    rows: rows as string | null, // the column's type
  };
}
