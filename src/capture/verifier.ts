import type { Confirmed } from '../cache/engine-options.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { outsideTransactions } from '../database/transaction-scope.js';
import { quoteName } from '../query/sql-writer.js';
import type { RedisGate } from '../store/gate/redis-gate.js';
import { TickBatch } from '../support/tick-batch.js';
import { weakened } from '../support/weakened.js';
import { namedSource } from './recorded-changes.js';

export interface VerifierOptions {
  readonly connection: DatabaseConnection;
  readonly gate: RedisGate;
  readonly schema: string;
  readonly prefix: string;
  readonly consumerId: () => string | undefined;
  /** The tables that what carries some stamps depends on. */
  readonly sourcesBehind: (stampKeys: readonly string[]) => ReadonlySet<string>;
  /** Called when changes were found that the cache has not heard of. */
  readonly hearSoon: () => void;
}

interface Asked {
  readonly sources: ReadonlySet<string>;
  readonly resolve: (confirmed: Confirmed) => void;
}

/** What the database said in one statement. */
interface Answer {
  readonly instance: string;
  readonly epoch: string;
  /** The tables that were changed without the cache having heard of it. */
  readonly unheard: ReadonlySet<string>;
}

/**
 * Asks the database before each hit whether the cache has heard of everything that was committed; once for all hits of
 * a tick. The stamps are read afterwards.
 *
 * Why that is exact: let S be the snapshot of the statement. It shows the gate's row granted to a process X of Redis
 * under an epoch e, and no change of these tables in the outbox that this cache has not heard of. So every such change
 * that is visible in S left the outbox's waiting list by a relay that saw the row before S. Either the row named X and e
 * already: then the relay dropped its stamps on X before S. Or it did not: then the change was committed before e was
 * made, and no entry of e was read from the database before that. The stamps are read after S, on a connection whose
 * process says that it is the one of a gate of epoch e, which is X. An entry of e whose stamps are all current there was
 * therefore read from the database after the last change in S that touches it. No clock plays a part.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #batch: TickBatch<Asked>;
  /** How often the database was asked, and how many reads it kept from the cache. */
  questions = 0;
  refusals = 0;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#batch = new TickBatch((asked) => void outsideTransactions(() => this.#answerAll(asked)));
  }

  /** The epoch under which entries with these stamps may be read, or why they may not. */
  confirm(stampKeys: readonly string[]): Promise<Confirmed> {
    const sources = this.#options.sourcesBehind(stampKeys);
    return new Promise((resolve) => this.#batch.add({ sources, resolve }));
  }

  async #answerAll(asked: readonly Asked[]): Promise<void> {
    const sources = new Set(asked.flatMap((each) => [...each.sources]));
    let answer: Answer | string;
    try {
      answer = await this.#ask([...sources]);
    } catch (error) {
      answer = `the database did not say whether this cache has heard of all changes: ${error instanceof Error ? error.message : String(error)}`;
    }
    for (const each of asked) each.resolve(this.#judge(each, answer));
  }

  #judge({ sources }: Asked, answer: Answer | string): Confirmed {
    const reason = typeof answer === 'string' ? answer : this.#reasonAgainst(sources, answer);
    if (reason === undefined) return { epoch: (answer as Answer).epoch }; // a text is a reason
    this.refusals += 1;
    return { reason };
  }

  #reasonAgainst(sources: ReadonlySet<string>, { instance, unheard }: Answer): string | undefined {
    const { runId } = this.#options.gate.instance;
    if (runId === undefined || !instance.startsWith(`${runId}:`)) return 'the gate belongs to another process of Redis';
    const isUnheard = unheard.has(namedSource) || [...sources].some((source) => unheard.has(source));
    if (!isUnheard || weakened.verification) return undefined;
    this.#options.hearSoon();
    return 'this cache has not heard of all changes yet';
  }

  async #ask(sources: readonly string[]): Promise<Answer | string> {
    const { connection, schema, prefix, consumerId } = this.#options;
    const id = consumerId();
    if (id === undefined) return 'this cache does not listen to the database now';
    const name = quoteName(schema);
    this.questions += 1;
    const { rows } = await connection.run({
      text: `SELECT gate.inst, gate.epoch, array_to_json(ARRAY(SELECT DISTINCT change.source FROM ${name}.outbox AS change
          WHERE xid >= pg_snapshot_xmin(own.seen) AND NOT pg_visible_in_snapshot(xid, own.seen) AND source = ANY($3::text[])))::text
        FROM ${name}.consumer AS own, ${name}.gate WHERE own.id = $1 AND gate.ns = $2 AND gate.granted AND NOT gate.suspended`,
      parameters: [id, prefix, [...sources, namedSource]],
    });
    const [row] = rows;
    if (!row) return 'the gate of this cache is not granted';
    const [instance, epoch, unheard] = row;
    return {
      instance: String(instance),
      epoch: String(epoch),
      unheard: new Set(JSON.parse(String(unheard)) as string[]), // made by array_to_json
    };
  }
}
