import type { CapturedTransaction, CaptureTables, ChangedRow } from './guarantee/capture-tables.js';
import type { Scheduler } from './scheduler.js';
import { columns, type Assignment, type Command, type Condition, type StoredRow } from './sql.js';

/** All rows at one moment. */
export type State = ReadonlyMap<number, StoredRow>;

/** A transaction: what it has changed, undefined for a row that it deleted, and what it keeps locked. */
export interface OpenTransaction extends CapturedTransaction {
  /** Who began it. */
  readonly by: string;
  readonly changes: Map<number, StoredRow | undefined>;
}

/** How a state came about. */
interface Commit {
  readonly atMs: number;
  readonly by: string;
}

export interface Answer {
  readonly command: string;
  readonly rows: unknown[][];
}

type WriteCommand = Extract<Command, { kind: 'update' | 'delete' }>;

/** A row was locked by somebody else; the statement is to be tried again when that one has ended. */
export class MustWait extends Error {}

/**
 * One table with the rules of PostgreSQL's READ COMMITTED: a statement sees what was committed when it runs and what
 * its transaction did; who wants to write a row that another transaction has written waits for its end.
 */
export class SimulatedDatabase {
  /** Every state that there was, the first one empty: what a read may answer is judged by these. */
  readonly states: State[] = [new Map()];
  /** For each state who made it, and when. */
  readonly commits: Commit[] = [{ atMs: 0, by: '' }];
  /** What change capture has in the database, where it is set up. */
  readonly capture: CaptureTables | undefined;
  readonly #now: () => number;
  readonly #locks = new Map<number, OpenTransaction>();
  #whenUnlocked: (() => void)[] = [];

  constructor(now: () => number, capture?: CaptureTables) {
    this.#now = now;
    this.capture = capture;
  }

  get current(): State {
    return this.states.at(-1) ?? new Map();
  }

  begin(by: string): OpenTransaction {
    return { by, changes: new Map(), xid: undefined, records: [], sharesWritersLock: false };
  }

  /** Calls `retry` once any transaction has ended. */
  waitForEnd(scheduler: Scheduler, retry: () => void): void {
    this.#whenUnlocked.push(() => scheduler.when('a statement that waited for a lock goes on', retry));
  }

  commit(transaction: OpenTransaction): void {
    if (transaction.changes.size > 0) {
      const next = new Map(this.current);
      for (const [id, row] of transaction.changes) {
        if (row) next.set(id, row);
        else next.delete(id);
      }
      this.states.push(next);
      this.commits.push({ atMs: this.#now(), by: transaction.by });
    }
    this.capture?.end(transaction, true);
    this.end(transaction);
  }

  /** Lets go of its locks; what it has changed without a commit is gone. */
  end(transaction: OpenTransaction): void {
    this.capture?.end(transaction, false);
    let hadLocks = false;
    for (const [id, owner] of this.#locks) if (owner === transaction) hadLocks = this.#locks.delete(id);
    if (!hadLocks) return;
    const waiting = this.#whenUnlocked;
    this.#whenUnlocked = [];
    for (const goOn of waiting) goOn();
  }

  /** Runs one statement as part of a transaction. Throws MustWait where a row is locked. */
  run(transaction: OpenTransaction, command: Command, parameters: readonly unknown[]): Answer {
    switch (command.kind) {
      case 'select':
        return this.#select(transaction, command, parameters);
      case 'count':
        return { command: 'SELECT', rows: [[String(this.#matching(transaction, command.where, parameters).length)]] };
      case 'insert':
        return this.#insert(transaction, command.values, parameters);
      case 'update':
      case 'delete':
        return this.#write(transaction, command, parameters);
      default:
        throw new Error(`${command.kind} is no statement of its own`);
    }
  }

  #select(
    transaction: OpenTransaction,
    { where, locks }: Extract<Command, { kind: 'select' }>,
    parameters: readonly unknown[],
  ): Answer {
    const rows = this.#matching(transaction, where, parameters);
    if (locks) for (const [id] of rows) this.#lock(transaction, id);
    return { command: 'SELECT', rows: rows.map((row) => [...row]) };
  }

  #insert(transaction: OpenTransaction, values: readonly Assignment[], parameters: readonly unknown[]): Answer {
    const row = withValues([0, 0, 0], values, parameters);
    const [id] = row;
    this.#lock(transaction, id);
    if (this.#rowAt(transaction, id)) throw uniqueViolation();
    this.#change(transaction, [[undefined, row]]);
    return { command: 'INSERT', rows: [[...row]] };
  }

  #write(transaction: OpenTransaction, command: WriteCommand, parameters: readonly unknown[]): Answer {
    const { kind, where, values, answersOld } = command;
    const before = this.#matching(transaction, where, parameters);
    for (const [id] of before) this.#assertUnlocked(transaction, id);
    const written = before.map((old) => ({ old, row: kind === 'update' ? withValues(old, values, parameters) : old }));
    for (const { row } of written) this.#lock(transaction, row[0]);
    this.#change(
      transaction,
      written.map(({ old, row }) => [old, kind === 'update' ? row : undefined]),
    );
    const rows = written.map(({ old, row }) => {
      if (!answersOld) return [...row];
      return [String(written.length), ...old, ...(kind === 'update' ? row : [])];
    });
    return { command: answersOld ? 'SELECT' : kind.toUpperCase(), rows };
  }

  #change(transaction: OpenTransaction, changes: readonly ChangedRow[]): void {
    for (const [before, after] of changes) {
      const id = (after ?? before)?.[0];
      if (id !== undefined) transaction.changes.set(id, after);
    }
    this.capture?.record(transaction, changes);
  }

  #matching(transaction: OpenTransaction, where: readonly Condition[], parameters: readonly unknown[]): StoredRow[] {
    const ids = new Set([...this.current.keys(), ...transaction.changes.keys()]);
    return [...ids]
      .toSorted((left, right) => left - right)
      .flatMap((id) => {
        const row = this.#rowAt(transaction, id);
        return row && where.every((condition) => meets(row, condition, parameters)) ? [row] : [];
      });
  }

  #rowAt({ changes }: OpenTransaction, id: number): StoredRow | undefined {
    return changes.has(id) ? changes.get(id) : this.current.get(id);
  }

  #lock(transaction: OpenTransaction, id: number): void {
    this.#assertUnlocked(transaction, id);
    this.#locks.set(id, transaction);
  }

  #assertUnlocked(transaction: OpenTransaction, id: number): void {
    const owner = this.#locks.get(id);
    if (owner && owner !== transaction) throw new MustWait();
  }
}

function meets(row: StoredRow, { column, parameter }: Condition, parameters: readonly unknown[]): boolean {
  const wanted = parameters[parameter];
  const value = row[columns.indexOf(column)];
  return Array.isArray(wanted) ? wanted.some((each) => Number(each) === value) : Number(wanted) === value;
}

function withValues(row: StoredRow, values: readonly Assignment[], parameters: readonly unknown[]): StoredRow {
  const changed: [number, number, number] = [...row];
  for (const { column, parameter } of values) changed[columns.indexOf(column)] = Number(parameters[parameter]);
  return changed;
}

function uniqueViolation(): Error {
  return Object.assign(new Error('duplicate key'), {
    code: '23505',
    severity: 'ERROR',
    table: 'cells',
    constraint: 'cells_pkey',
    detail: 'Key (id) exists',
  });
}
