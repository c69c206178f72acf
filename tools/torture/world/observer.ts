import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { monotonicMs, type Time } from '../history/records.js';

const pollMs = 20;

/**
 * Looks again and again which writes are committed, so that of those that nobody acknowledged a time is known by which
 * they were. It asks PostgreSQL directly, past everything that is spoiled.
 */
export class Observer {
  readonly #url: string;
  readonly seenAt = new Map<number, Time>();
  #client: pg.Client | undefined;
  #xmin = '0';
  #isOver = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(url: string) {
    this.#url = url;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#loop;
    await this.#client?.end().catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.#look().catch(() => this.#reconnect());
      await wait(pollMs);
    }
  }

  /** What is new is among the transactions that were not over at the last look. */
  async #look(): Promise<void> {
    const { rows } = await (
      await this.#connected()
    ).query<{ v: number | null; xmin: string }>(
      'SELECT v, pg_snapshot_xmin(pg_current_snapshot())::text AS xmin FROM (SELECT 1) one LEFT JOIN audit ON xid >= $1::xid8',
      [this.#xmin],
    );
    const now = monotonicMs();
    for (const { v, xmin } of rows) {
      this.#xmin = xmin;
      if (v !== null && !this.seenAt.has(v)) this.seenAt.set(v, now);
    }
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const client = new pg.Client({ connectionString: this.#url, application_name: 'observer' });
    client.on('error', () => undefined);
    await client.connect();
    this.#client = client;
    return client;
  }

  async #reconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }
}
