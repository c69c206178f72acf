import { AsyncLocalStorage } from 'node:async_hooks';
import type { Keyspace } from '../cache/keyspace.js';
import type { Change } from '../changes/change.js';
import type { CommitGuard, Settlement } from '../database/commit-guard.js';
import type { Statement } from '../database/statement.js';
import type { TransactionOutcome } from '../database/transaction.js';
import { UsageError, WriteRefusedError } from '../errors.js';
import { stampKeysOfChanges } from '../invalidation/invalidator.js';
import { quoteName } from '../query/sql-writer.js';
import type { WriteMarks, Writer } from '../store/gate/write-marks.js';
import { pauses, weakened } from '../support/weakened.js';
import { writersLock } from './gate-row.js';
import { namedSource, type RecordedChange } from './recorded-changes.js';
import { dollarQuoted, literal } from './sql-text.js';

export interface CommitMarksOptions {
  /** The name of the connection, for messages. */
  readonly connection: string;
  readonly marks: WriteMarks;
  /** Makes sure of what was committed where Redis does not confirm it. */
  readonly guard: { drop(stampKeys: readonly string[], changes: readonly Change[]): Promise<void> };
  readonly keyspace: Keyspace;
  readonly schema: string;
  /** What was recorded, as changes. */
  readonly changesOf: (records: readonly RecordedChange[]) => readonly Change[];
}

/** Codes of PostgreSQL. */
const noSuchTable = '42P01';
const noSuchSchema = '3F000';
const noRight = '42501';

/** What a transaction is about to commit, and the gate as its database knows it. */
interface Pending {
  readonly writer: Writer;
  readonly isGranted: boolean;
  readonly isolation: string;
  readonly records: readonly RecordedChange[];
}

/** The stamps that the transaction around marked and dropped, while it tells everybody of its end. */
const done = new AsyncLocalStorage<Set<string>>();

/**
 * Those stamps of a write that its transaction has not dropped by itself. NOTE: each is told once. Hooks run in the same
 * context, and what they change must be dropped again.
 */
export function notDone(stampKeys: readonly string[]): readonly string[] {
  const dropped = done.getStore();
  return dropped ? stampKeys.filter((key) => !dropped.delete(key)) : stampKeys;
}

/**
 * Makes that nobody reads an old value after somebody has read a new one: what a transaction is about to change is
 * marked before its COMMIT, so that from then on every reader asks the database, until the stamps were dropped after it.
 *
 * Invariant: COMMIT is sent only after every stamp was marked on the process of Redis that has the valid gate, and until
 * the transaction has ended no other process gets a gate, since the transaction shares a lock that granting one excludes.
 */
export class CommitMarks implements CommitGuard {
  readonly #options: CommitMarksOptions;
  readonly #lock: Statement;
  readonly #ask: Statement;

  constructor(options: CommitMarksOptions) {
    this.#options = options;
    const { schema, keyspace } = options;
    this.#lock = { text: lockSql(schema, keyspace.prefix), parameters: [] };
    this.#ask = { text: askSql(schema), parameters: [keyspace.prefix], prepare: true };
  }

  async beforeCommit(transaction: Parameters<CommitGuard['beforeCommit']>[0]): Promise<Settlement | undefined> {
    const pending = await this.#pendingOf(transaction);
    if (!pending) return undefined;
    const { keyspace, changesOf } = this.#options;
    const stampKeys = stampKeysOfChanges(changesOf(pending.records), keyspace);
    if (stampKeys.length === 0) return undefined;
    this.#assertAllowed(pending);
    await this.#mark(pending.writer, stampKeys);
    if (pauses.beforeCommit) await pauses.beforeCommit();
    return (outcome, settle) => this.#settle(pending.writer, stampKeys, { outcome, settle });
  }

  async #pendingOf(transaction: Parameters<CommitGuard['beforeCommit']>[0]): Promise<Pending | undefined> {
    try {
      await transaction.execute(this.#lock);
      return toPending((await transaction.execute(this.#ask)).rows);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #assertAllowed({ isolation, isGranted }: Pending): void {
    if (isolation !== 'read committed') {
      throw new UsageError(
        `guarantee: 'strict' takes writes in transactions at 'read committed' alone; this one was at '${isolation}' and was rolled back`,
      );
    }
    if (!isGranted && !weakened.gateAtCommit) throw this.#refused('the database grants no gate to this cache now');
  }

  async #mark(writer: Writer, stampKeys: readonly string[]): Promise<void> {
    const { marks } = this.#options;
    let isMarked: boolean;
    try {
      isMarked = await marks.mark(writer, stampKeys);
    } catch (cause) {
      marks.unmark(writer, stampKeys).catch(() => undefined); // a relay does it otherwise
      throw this.#refused(`Redis did not take it: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
    }
    if (isMarked || weakened.gateAtCommit) return;
    await this.#unmark(writer, stampKeys);
    throw this.#refused('the gate of this cache is closed');
  }

  async #settle(
    writer: Writer,
    stampKeys: readonly string[],
    { outcome, settle }: { readonly outcome: TransactionOutcome; readonly settle: () => Promise<void> },
  ): Promise<void> {
    if (outcome === 'unknown') return settle(); // NOTE: a relay finds out what became of it
    if (outcome === 'committed' && pauses.afterCommit) await pauses.afterCommit();
    const isDropped = await this.#unmark(writer, stampKeys);
    if (outcome === 'rolled back') return settle();
    try {
      if (!isDropped) await this.#options.guard.drop(stampKeys, []);
    } finally {
      await done.run(new Set(stampKeys), settle);
    }
  }

  /** Whether the stamps are dropped for certain, with the gate valid; a relay takes the marks away otherwise. */
  #unmark(writer: Writer, stampKeys: readonly string[]): Promise<boolean> {
    return this.#options.marks.unmark(writer, stampKeys).catch(() => false);
  }

  #explained(error: unknown): unknown {
    const code: unknown = error instanceof Error && error.cause instanceof Error && Reflect.get(error.cause, 'code');
    if (code === noRight) {
      return this.#refused(
        'this user of the database may not read the outbox or the gate; db.capture.status() tells which GRANT it needs',
        error,
      );
    }
    if (code !== noSuchTable && code !== noSuchSchema) return error;
    return this.#refused('the database has no table of gates; run: npx moneyclip migrate', error);
  }

  #refused(why: string, cause?: unknown): WriteRefusedError {
    const { connection } = this.#options;
    return new WriteRefusedError(
      `The write was rolled back on connection '${connection}', since others could read the old value after the new one: ${why}. Run the whole transaction again.`,
      cause === undefined ? {} : { cause },
    );
  }
}

/**
 * Lets deferred constraints and their triggers run, then takes the lock that keeps the gate where it is; nothing of it
 * in a transaction that wrote nothing, nor while no gate is granted: then writers would keep one from being granted.
 *
 * NOTE: the gate's row is read by a later statement, since that of the same one could be older than the lock. Whether
 * the lock was taken is noted for that: the gate may have been granted in between.
 */
function lockSql(schema: string, prefix: string): string {
  const granted = `SELECT FROM ${quoteName(schema)}.gate WHERE ns = ${literal(prefix)} AND granted AND NOT suspended`;
  return `DO ${dollarQuoted(`BEGIN
    IF pg_current_xact_id_if_assigned() IS NULL THEN RETURN; END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    IF EXISTS (${granted}) THEN
      PERFORM pg_advisory_xact_lock_shared(${writersLock(literal(prefix))});
      PERFORM set_config('moneyclip.writer', pg_current_xact_id()::text, true);
    END IF;
  END`)}`;
}

function askSql(schema: string): string {
  const name = quoteName(schema);
  return `SELECT change.xid::text,
      coalesce(granted AND NOT suspended AND current_setting('moneyclip.writer', true) = change.xid::text, false), gate.inst, gate.epoch,
      current_setting('transaction_isolation'), change.source, array_to_json(change.columns)::text, change.rows
    FROM ${name}.outbox AS change LEFT JOIN ${name}.gate ON gate.ns = $1
    WHERE change.xid = pg_current_xact_id_if_assigned() AND change.source <> '${namedSource}'`;
}

function toPending(rows: readonly unknown[][]): Pending | undefined {
  const [first] = rows;
  if (!first) return undefined;
  const [id, granted, instance, epoch, isolation] = first;
  const [runId = ''] = String(instance).split(':');
  return {
    writer: { id: String(id), epoch: String(epoch), runId },
    isGranted: granted === true,
    isolation: String(isolation),
    records: rows.map(([, , , , , source, columns, changed]) => ({
      source: String(source),
      columns: JSON.parse(String(columns)) as string[], // made by array_to_json
      rows: changed as string | null, // the column's type
    })),
  };
}
