import { columns, type ColumnName, type StoredRow } from '../sql.js';
import { isVisibleIn, TransactionIds } from './transaction-ids.js';

/** What the trigger of the one table leaves of one statement. */
export interface OutboxRow {
  readonly id: number;
  readonly xid: number;
  readonly rows: string;
}

interface ConsumerRow {
  readonly prefix: string;
  seen: string;
  tables: string;
}

export interface GateRow {
  inst: string;
  epoch: string;
  token: string;
  granted: boolean;
  suspended: boolean;
  beat: number;
  windowMs: number;
}

/** What change capture needs to know of a transaction. */
export interface CapturedTransaction {
  /** Its id, since it first wrote. */
  xid: number | undefined;
  readonly records: OutboxRow[];
  /** Whether it shares the lock that granting a gate excludes. */
  sharesWritersLock: boolean;
}

/** A row before and after a statement. */
export type ChangedRow = readonly [before: StoredRow | undefined, after: StoredRow | undefined];

/** What the triggers record, and how they say so to the library. */
export interface TriggerFacts {
  /** The answer to the question for the facts of the database. */
  readonly facts: string;
  readonly source: string;
  readonly recorded: readonly string[];
}

/** What `moneyclip migrate` makes, with the rows that are committed, and what its triggers do. */
export class CaptureTables {
  readonly triggers: TriggerFacts;
  readonly ids = new TransactionIds();
  readonly consumers = new Map<string, ConsumerRow>();
  readonly gates = new Map<string, GateRow>();
  /** The connection that has each lock of relays. */
  readonly leaders = new Map<string, object>();
  /** Only for a mutant: the gate is suspended whatever grant the writer saw. */
  suspendsAnyGrant = false;
  readonly #writers = new Set<CapturedTransaction>();
  #outbox: OutboxRow[] = [];
  #lastId = 0;

  constructor(triggers: TriggerFacts) {
    this.triggers = triggers;
  }

  /** Whether an open transaction shares the lock of writers. */
  get hasWriters(): boolean {
    return this.#writers.size > 0;
  }

  shareWritersLock(transaction: CapturedTransaction): void {
    transaction.sharesWritersLock = true;
    this.#writers.add(transaction);
  }

  /** What the trigger does at the end of a statement that changed rows. */
  record(transaction: CapturedTransaction, changes: readonly ChangedRow[]): void {
    if (changes.length === 0) return;
    transaction.xid ??= this.ids.assign();
    const rows = changes.map(([before, after]) => [this.#cellsOf(before), this.#cellsOf(after), true]);
    this.#lastId += 1;
    transaction.records.push({ id: this.#lastId, xid: transaction.xid, rows: JSON.stringify(rows) });
  }

  /** A transaction has ended. */
  end(transaction: CapturedTransaction, isCommitted: boolean): void {
    this.#writers.delete(transaction);
    const { xid, records } = transaction;
    if (xid === undefined) return;
    this.ids.end(xid, isCommitted);
    if (isCommitted) this.#outbox.push(...records);
  }

  /** A connection has ended, and with it the locks that it had. */
  endSession(session: object): void {
    for (const [lock, leader] of this.leaders) if (leader === session) this.leaders.delete(lock);
  }

  /** What a consumer has not heard of, by id; undefined where the outbox does not wait for it. */
  unheard(consumer: string): readonly OutboxRow[] | undefined {
    const own = this.consumers.get(consumer);
    if (!own) return undefined;
    const waiting = this.#outbox.filter(({ xid }) => !isVisibleIn(own.seen, xid));
    return waiting.toSorted((left, right) => left.id - right.id);
  }

  /** Forgets rows of the outbox, of those that a question is asked about, that every consumer but one has heard of. */
  forgetHeard(isAsked: (id: number) => boolean, except: string | undefined): void {
    const others = [...this.consumers].filter(([id]) => id !== except).map(([, consumer]) => consumer);
    this.#outbox = this.#outbox.filter(
      ({ id, xid }) => !isAsked(id) || others.some(({ seen }) => !isVisibleIn(seen, xid)),
    );
  }

  #cellsOf(row: StoredRow | undefined): string[] | null {
    if (!row) return null;
    return this.triggers.recorded.map((name) => String(row[columns.indexOf(name as ColumnName)])); // the table's own
  }
}
