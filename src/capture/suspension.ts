import type { DatabaseConnection } from '../database/database-connection.js';
import { quoteName } from '../query/sql-writer.js';
import { elapsed, type Clock } from '../support/clock.js';

export interface SuspensionOptions {
  readonly connection: DatabaseConnection;
  readonly clock: Clock;
  readonly schema: string;
  readonly prefix: string;
  /** How long a gate may still be open once nobody may renew it. */
  readonly longestMs: number;
}

/**
 * A gate that nobody may renew, since nobody was able to for long: then writes need not wait one by one.
 *
 * Why a write need not wait that sees, after its COMMIT, a suspension which is older than a gate lives: no gate is open.
 * The next one is granted by a relay that ends the suspension first, so that it sees the write in the outbox.
 */
export class Suspension {
  readonly #options: SuspensionOptions;
  /** The suspension that was seen last, and since when at least. */
  #seen: { readonly token: string; readonly since: number } | undefined;

  constructor(options: SuspensionOptions) {
    this.#options = options;
  }

  /** Whether what is committed by now can be acknowledged without being heard of. */
  async holds(): Promise<boolean> {
    const { clock, longestMs } = this.#options;
    const token = await this.#token(`SELECT token FROM ${this.#table} WHERE ns = $1 AND suspended`);
    if (token === undefined) {
      this.#seen = undefined;
      return false;
    }
    if (this.#seen?.token !== token) this.#seen = { token, since: elapsed(clock) };
    return elapsed(clock) - this.#seen.since >= longestMs;
  }

  /** Forbids renewing, until a relay takes the gate over again. */
  async begin(): Promise<void> {
    const token = await this.#token(
      `UPDATE ${this.#table} SET suspended = true WHERE ns = $1 AND NOT suspended RETURNING token`,
    );
    if (token !== undefined) this.#seen = { token, since: elapsed(this.#options.clock) };
  }

  get #table(): string {
    return `${quoteName(this.#options.schema)}.gate`;
  }

  /** The token of the row; undefined where there is none, or the database does not tell. */
  async #token(text: string): Promise<string | undefined> {
    const { connection, prefix } = this.#options;
    try {
      const { rows } = await connection.run({ text, parameters: [prefix], writes: true });
      return rows[0] && String(rows[0][0]);
    } catch {
      return undefined;
    }
  }
}
