import type { Keyspace } from '../cache/keyspace.js';
import type { Change } from '../changes/change.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { outsideTransactions } from '../database/transaction-scope.js';
import { UnconfirmedInvalidationError } from '../errors.js';
import { stampKeysOfChanges } from '../invalidation/invalidator.js';
import { quoteName } from '../query/sql-writer.js';
import type { GatedStore } from '../store/gate/gated-store.js';
import { elapsed, type Clock } from '../support/clock.js';
import { pauses, weakened } from '../support/weakened.js';
import { Consumer } from './consumer.js';
import { notDone } from './commit-marks.js';
import { longestGateMs } from './gate-keeper.js';
import { Hearing } from './hearing.js';
import { everythingName, namedSource, type RecordedChange } from './recorded-changes.js';
import { Suspension } from './suspension.js';

export interface WriteGuardOptions {
  readonly connection: DatabaseConnection;
  readonly clock: Clock;
  readonly store: GatedStore;
  readonly keyspace: Keyspace;
  readonly schema: string;
  readonly onFailure: 'degrade' | 'throw';
  /** Whether a gate that could not be kept for long is given up, so that writes need not wait one by one. */
  readonly suspends: boolean;
  readonly consumerId: () => string | undefined;
  /** Called when a write waits: what is heard sooner ends the wait. */
  readonly hearSoon: () => void;
  /** Whether any cache may be open now. */
  readonly mayBeOpen: () => boolean;
  /** Whether a write to a table may change more than was announced. */
  readonly hasSideEffects: (table: string) => boolean;
  /** What was recorded, as changes. */
  readonly changesOf: (records: readonly RecordedChange[]) => readonly Change[];
}

/** More unheard changes than these a writer leaves to the relay, and waits for it. */
const mostUnheard = 200;

/**
 * Acknowledges writes: what a caller is told is done nobody reads the old value of any more.
 *
 * Invariant: `drop` resolves after the stamps were dropped and then the gate was seen to be valid on the same process of
 * Redis; or after a relay has heard of the change, which it does under a granted gate; or after so long that every gate
 * which is valid by then was renewed by somebody who saw the change in the outbox, or at once where no gate can be valid.
 */
export class WriteGuard {
  readonly #options: WriteGuardOptions;
  readonly #hearing: Hearing;
  readonly #suspension: Suspension;
  /** How many writes had to wait, and for how long together. */
  waits = 0;
  waitedMs = 0;

  constructor(options: WriteGuardOptions) {
    this.#options = options;
    const { prefix } = options.keyspace;
    this.#hearing = new Hearing({ ...options, prefix });
    this.#suspension = new Suspension({ ...options, prefix });
  }

  /**
   * Drops the stamps of changes after COMMIT, and of what else was changed with them. Throws
   * UnconfirmedInvalidationError where that is wanted instead of waiting.
   */
  async drop(touched: readonly string[], changes: readonly Change[]): Promise<void> {
    const stampKeys = notDone(touched);
    if (stampKeys.length === 0) return;
    if (pauses.afterCommit) await pauses.afterCommit();
    const failure = this.#haveSideEffects(changes)
      ? await this.#confirmedWithSideEffects(stampKeys)
      : await this.#confirmed(stampKeys);
    if (failure === undefined || !(await this.#mayBeOpen())) return;
    if (changes.some(({ kind }) => kind === 'dependencies' || kind === 'everything')) {
      await outsideTransactions(() => this.#record(stampKeys));
    }
    if (this.#options.onFailure === 'throw') throw this.#unconfirmed(failure.cause);
    await this.#wait();
  }

  /** Whether any cache may be open now. NOTE: that none is was seen a while ago; since then gates may have been set up. */
  async #mayBeOpen(): Promise<boolean> {
    const { mayBeOpen, connection, schema } = this.#options;
    if (mayBeOpen()) return true;
    try {
      const text = 'SELECT to_regclass($1) IS NOT NULL';
      const parameters = [`${quoteName(schema)}.gate`];
      const { rows } = await outsideTransactions(() => connection.run({ text, parameters }));
      return rows[0]?.[0] !== false;
    } catch {
      return true;
    }
  }

  /** Undefined where nobody can read what was there before; else why that is not certain. */
  async #confirmed(stampKeys: readonly string[]): Promise<{ readonly cause: unknown } | undefined> {
    try {
      return (await this.#options.store.dropAndLook(stampKeys)) ? undefined : { cause: undefined };
    } catch (cause) {
      return { cause };
    }
  }

  #haveSideEffects(changes: readonly Change[]): boolean {
    const { hasSideEffects } = this.#options;
    return !weakened.sideEffects && changes.some((change) => 'model' in change && hasSideEffects(change.model.table));
  }

  /**
   * The same where triggers and cascades may have changed more than the library announced: all that the cache has not
   * heard of is dropped, which holds what this write changed, unless a relay was faster.
   */
  async #confirmedWithSideEffects(stampKeys: readonly string[]): Promise<{ readonly cause: unknown } | undefined> {
    const unheard = await outsideTransactions(() => this.#unheard());
    const failure = await this.#confirmed([...stampKeys, ...(unheard ?? [])]);
    return failure ?? (unheard ? undefined : { cause: undefined });
  }

  /** The keys of the stamps of what the cache has not heard of; undefined where that is not known, or too much. */
  async #unheard(): Promise<readonly string[] | undefined> {
    const { connection, schema, keyspace, consumerId, changesOf } = this.#options;
    const id = consumerId();
    if (id === undefined) return undefined;
    try {
      const batch = await new Consumer(connection, schema, id).read('0', mostUnheard);
      if (!batch || batch.ids.length === mostUnheard) return undefined;
      return stampKeysOfChanges(changesOf(batch.changes), keyspace);
    } catch {
      return undefined;
    }
  }

  async #wait(): Promise<void> {
    const { clock, hearSoon, suspends, store } = this.#options;
    hearSoon();
    const { isClosed, grant, windowMs } = await outsideTransactions(() => this.#suspension.look());
    if (isClosed && suspends) return;
    const startedAt = elapsed(clock);
    this.waits += 1;
    // NOTE: as long as those gates live that others opened, who may have been told another window
    const longestMs = longestGateMs(windowMs ?? store.gate.windowMs);
    const isHeard = await outsideTransactions(() => this.#hearing.heard(startedAt + longestMs));
    this.waitedMs += elapsed(clock) - startedAt;
    if (isHeard || grant === undefined || !suspends) return;
    await outsideTransactions(() => this.#suspension.begin(grant)); // so that the next ones need not wait
  }

  /**
   * Leaves to the relays what could not be dropped for certain: what triggers recorded they know, but not tags and other
   * names. Throws UnconfirmedInvalidationError where the database does not take it either: the stamps are still dropped
   * as soon as Redis answers, but nobody knows when that is.
   */
  async #record(stampKeys: readonly string[]): Promise<void> {
    const { connection, schema, keyspace } = this.#options;
    const names = stampKeys.map((key) =>
      key === keyspace.epoch ? everythingName : key.slice(keyspace.stampPrefix.length),
    );
    const text = `INSERT INTO ${quoteName(schema)}.outbox (source, columns) VALUES ($1, $2::text[])`;
    try {
      await connection.run({ text, parameters: [namedSource, names], writes: true });
    } catch (cause) {
      throw new UnconfirmedInvalidationError(
        'The write is committed, but what it invalidates by tags or other names may be served as it was until Redis ' +
          'answers this process again: neither Redis nor the database took that',
        { cause, withinMs: Number.POSITIVE_INFINITY },
      );
    }
  }

  #unconfirmed(cause: unknown): UnconfirmedInvalidationError {
    const { windowMs } = this.#options.store.gate;
    return new UnconfirmedInvalidationError(
      `The write is committed, but caches may serve what was there before for up to ${windowMs} ms: ` +
        (cause instanceof Error ? cause.message : 'the gate of this cache is closed'),
      { cause, withinMs: windowMs },
    );
  }
}
