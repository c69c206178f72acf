import type { DatabaseConnection } from '../database/database-connection.js';
import { quoteName } from '../query/sql-writer.js';
import { elapsed, type Clock } from '../support/clock.js';

/** How often the outbox is looked at while somebody waits. */
const pollMs = 25;

export interface HearingOptions {
  readonly connection: DatabaseConnection;
  readonly clock: Clock;
  readonly schema: string;
  /** Whose gate it is. */
  readonly prefix: string;
  /** How the database knows the cache; undefined while that is not known. */
  readonly consumerId: () => string | undefined;
}

interface Waiting {
  readonly until: number;
  /** The largest id that the cache had not heard of when it was first looked; undefined until then. */
  lastId?: bigint;
  readonly resolve: (isHeard: boolean) => void;
}

/**
 * Lets writers wait until a cache has heard of what they committed; one statement at a time, whatever their number.
 *
 * NOTE: only while the gate is granted. A cache that joined has a snapshot which holds what was committed before, though
 * nobody dropped anything for it where the cache was until then; it closes the gate in the same statement, and once it is
 * granted again everything of before has ended.
 */
export class Hearing {
  readonly #options: HearingOptions;
  #waiting: Waiting[] = [];
  #isLooking = false;

  constructor(options: HearingOptions) {
    this.#options = options;
  }

  /** Resolves with true when the cache has heard of everything that was committed before this call, with false at `until`. */
  heard(until: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting: Waiting = { until, resolve };
      this.#waiting.push(waiting);
      this.#options.clock.schedule(Math.max(0, until - elapsed(this.#options.clock)), () => this.#end(waiting, false));
      if (!this.#isLooking) void this.#look();
    });
  }

  #end(ended: Waiting, isHeard: boolean): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== ended);
    ended.resolve(isHeard);
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    while (this.#waiting.length > 0) {
      const asked = [...this.#waiting]; // NOTE: who comes while the database is asked waits for the next time
      const unheard = await this.#unheard();
      if (unheard) for (const waiting of asked) this.#judge(waiting, unheard);
      if (this.#waiting.length > 0) await new Promise<void>((resolve) => this.#options.clock.schedule(pollMs, resolve));
    }
    this.#isLooking = false;
  }

  #judge(waiting: Waiting, [first, last]: readonly [bigint, bigint] | readonly []): void {
    if (first === undefined || last === undefined) return this.#end(waiting, true);
    waiting.lastId ??= last;
    if (first > waiting.lastId) this.#end(waiting, true);
  }

  /** The first and last id of what the cache has not heard of, none of both where it has heard all; undefined where that is not known. */
  async #unheard(): Promise<readonly [bigint, bigint] | readonly [] | undefined> {
    const { connection, schema, prefix, consumerId } = this.#options;
    const id = consumerId();
    if (id === undefined) return undefined;
    const name = quoteName(schema);
    try {
      const { rows } = await connection.run({
        text: `SELECT min(change.id)::text, max(change.id)::text FROM ${name}.consumer AS own
          JOIN ${name}.gate ON gate.ns = $2 AND gate.granted AND NOT gate.suspended LEFT JOIN ${name}.outbox AS change
          ON xid >= pg_snapshot_xmin(own.seen) AND NOT pg_visible_in_snapshot(xid, own.seen) WHERE own.id = $1 GROUP BY own.id`,
        parameters: [id, prefix],
      });
      const [row] = rows;
      if (!row) return undefined; // NOTE: the outbox does not wait for this cache, or its gate is not granted
      const [first, last] = row;
      return typeof first === 'string' && typeof last === 'string' ? [BigInt(first), BigInt(last)] : [];
    } catch {
      return undefined;
    }
  }
}
