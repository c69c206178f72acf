import type { OwnConnection } from '../database/own-connection.js';
import { quoteName } from '../query/sql-writer.js';
import { randomStamp } from '../support/random-stamp.js';
import { weakened } from '../support/weakened.js';

/** A gate as the database knows it. */
export interface GateState {
  /** The process of Redis that it belongs to: its run_id and the history of its data. */
  readonly instance: string;
  readonly granted: boolean;
  /** Another one after each take-over. */
  readonly token: string;
  readonly suspended: boolean;
  readonly beat: string;
  /** How long the gates live that may still be open under this row. */
  readonly windowMs: number;
}

/** The row of the database that says which process of Redis may keep the gate of a prefix; at most one at a time. */
export class GateRow {
  readonly #own: OwnConnection;
  readonly #table: string;
  readonly #prefix: string;

  constructor(own: OwnConnection, schema: string, prefix: string) {
    this.#own = own;
    this.#table = `${quoteName(schema)}.gate`;
    this.#prefix = prefix;
  }

  /** Undefined where nobody ever had a gate under this prefix. */
  async read(): Promise<GateState | undefined> {
    const [row] = await this.#run(
      `SELECT inst, granted, token, suspended, beat::text, window_ms FROM ${this.#table} WHERE ns = $1`,
      [],
    );
    if (!row) return undefined;
    const [instance, granted, token, suspended, beat, windowMs] = row;
    return {
      instance: String(instance),
      granted: granted === true,
      token: String(token),
      suspended: suspended === true,
      beat: String(beat),
      windowMs: Number(windowMs),
    };
  }

  /** Makes the row for a process of Redis, not granted; false where somebody else was faster. */
  async create(instance: string, windowMs: number): Promise<boolean> {
    const rows = await this.#run(
      `INSERT INTO ${this.#table} (ns, inst, epoch, token, window_ms) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING RETURNING 1`,
      [instance, randomStamp(), randomStamp(), windowMs],
    );
    return rows.length > 0;
  }

  /** Gives the gate to another process of Redis, under a new epoch and not granted yet; false where the row changed meanwhile. */
  async takeOver(before: GateState, instance: string): Promise<boolean> {
    const epoch = weakened.newEpoch ? 'coalesce(epoch, $4)' : '$4';
    const rows = await this.#run(
      `UPDATE ${this.#table} SET inst = $2, epoch = ${epoch}, granted = false, token = $5, suspended = false
       WHERE ns = $1 AND inst = $3 AND token = $6 RETURNING 1`,
      [instance, before.instance, randomStamp(), randomStamp(), before.token],
    );
    return rows.length > 0;
  }

  /**
   * Lets the gate be opened, for so long at a time; false where somebody else did or took it over, or a writer is about to
   * commit that may have marked its stamps where the gate was before: here they are not marked, and a reader would not go
   * past what it changes.
   *
   * NOTE: try, so that no writer ever waits behind this. The window changes here alone, when every older gate has ended:
   * so whoever reads it after a commit knows how long those may live that were opened without seeing the commit.
   */
  async grant({ instance, token }: GateState, windowMs: number): Promise<boolean> {
    const noWriter = weakened.writersBarGrant ? '' : ` AND pg_try_advisory_xact_lock(${writersLock('$1')})`;
    const rows = await this.#run(
      `UPDATE ${this.#table} SET granted = true, window_ms = $4
       WHERE ns = $1 AND inst = $2 AND token = $3 AND NOT granted${noWriter} RETURNING 1`,
      [instance, token, windowMs],
    );
    return rows.length > 0;
  }

  async #run(text: string, parameters: readonly unknown[]): Promise<readonly unknown[][]> {
    const { rows } = await this.#own.run({ text, parameters: [this.#prefix, ...parameters], writes: true });
    return rows;
  }
}

/** The number of the lock that writers share from before they mark stamps until they have ended. */
export function writersLock(prefixSql: string): string {
  return `hashtextextended('moneyclip writers ' || ${prefixSql}, 0)`;
}
