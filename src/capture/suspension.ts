import type { DatabaseConnection } from '../database/database-connection.js';
import { quoteName } from '../query/sql-writer.js';
import { elapsed, type Clock } from '../support/clock.js';
import { longestGateMs } from './gate-keeper.js';

export interface SuspensionOptions {
  readonly connection: DatabaseConnection;
  readonly clock: Clock;
  readonly schema: string;
  readonly prefix: string;
}

/** What the database says of the gate before a write waits. */
export interface GrantLook {
  /** No gate can be open, and none is opened by who has not seen what is committed by now. */
  readonly isClosed: boolean;
  /** The grant under which relays may renew the gate; undefined where they may not. */
  readonly grant: string | undefined;
  /** How long gates live that may still be open; undefined where that is not known. */
  readonly windowMs: number | undefined;
}

/** A row that was not read: nothing can be said. */
const unknown: GrantLook = { isClosed: false, grant: undefined, windowMs: undefined };

/**
 * A gate that nobody may renew, since nobody was able to for long: then writes need not wait one by one.
 *
 * Why a write need not wait that sees, after its COMMIT, that nobody was allowed to renew for longer than a gate lives: no
 * gate is open. The next one is opened under a grant that comes later, by a relay that sees the write in the outbox. It is
 * the same where the gate was suspended and where it is taken over and not granted yet: under one token a row is granted
 * once, and never loses that.
 */
export class Suspension {
  readonly #options: SuspensionOptions;
  /** What was seen last of a row that allows nobody to renew, and since when at least. */
  #seen: { readonly state: string; readonly since: number } | undefined;

  constructor(options: SuspensionOptions) {
    this.#options = options;
  }

  async look(): Promise<GrantLook> {
    const { clock } = this.#options;
    const row = await this.#run(`SELECT token, granted, suspended, window_ms FROM ${this.#table} WHERE ns = $1`, []);
    if (!row) return unknown;
    const [token, granted, suspended] = row;
    const windowMs = Number(row[3]);
    if (granted === true && suspended !== true) {
      this.#seen = undefined;
      return { isClosed: false, grant: String(token), windowMs };
    }
    const state = `${String(token)} ${String(granted)}`;
    if (this.#seen?.state !== state) this.#seen = { state, since: elapsed(clock) };
    const isClosed = elapsed(clock) - this.#seen.since >= longestGateMs(windowMs);
    return { isClosed, grant: undefined, windowMs };
  }

  /**
   * Forbids renewing under a grant that did not help for as long as a gate lives, until a relay takes the gate over again.
   * NOTE: not under a later one. Whoever waited while the gate was taken over would close it again as soon as it is open.
   */
  async begin(grant: string): Promise<void> {
    await this.#run(
      `UPDATE ${this.#table} SET suspended = true WHERE ns = $1 AND token = $2 AND granted AND NOT suspended RETURNING 1`,
      [grant],
    );
  }

  get #table(): string {
    return `${quoteName(this.#options.schema)}.gate`;
  }

  /** The first row of the answer; undefined where there is none, or the database does not tell. */
  async #run(text: string, parameters: readonly unknown[]): Promise<readonly unknown[] | undefined> {
    const { connection, prefix } = this.#options;
    try {
      const { rows } = await connection.run({ text, parameters: [prefix, ...parameters], writes: true });
      return rows[0];
    } catch {
      return undefined;
    }
  }
}
