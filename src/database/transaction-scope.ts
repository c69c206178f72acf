import { AsyncLocalStorage } from 'node:async_hooks';
import type { DriverConnection, Isolation } from './dialect.js';
import { Mutex } from './mutex.js';
import type { Session } from './session.js';
import type { Statement, StatementResult } from './statement.js';
import {
  transactionEnded,
  type SettledCallback,
  type Transaction,
  type TransactionOutcome,
  type TransactionSlot,
} from './transaction.js';

const current = new AsyncLocalStorage<TransactionScope | undefined>();

/** The innermost transaction of this async context, on whatever connection. */
export function currentScope(): TransactionScope | undefined {
  return current.getStore();
}

/** Runs `task` in an async context whose innermost transaction is `scope`. */
export function runInScope<T>(scope: TransactionScope | undefined, task: () => T): T {
  return current.run(scope, task);
}

/** Runs `task` as if no transaction were open: for what outlives one, such as timers and background work. */
export function outsideTransactions<T>(task: () => T): T {
  return current.run(undefined, task);
}

interface ScopeOptions {
  /** Whose transaction it is. */
  readonly owner: object;
  readonly session: Session;
  readonly isolation: Isolation | undefined;
  readonly parent: TransactionScope | undefined;
  /** The scope that was current when this one was opened: the parent, or one of another connection. */
  readonly outer: TransactionScope | undefined;
}

/** A transaction from its BEGIN or SAVEPOINT to its end. */
export class TransactionScope implements Transaction {
  readonly owner: object;
  readonly session: Session;
  readonly isolation: Isolation | undefined;
  readonly parent: TransactionScope | undefined;
  readonly outer: TransactionScope | undefined;
  readonly depth: number;
  /** Held by the nested transaction that is open, and by a write while it runs: siblings take turns. */
  readonly nested = new Mutex();
  /** How many nested transactions and writes are under way or wait for their turn. */
  underWay = 0;
  #ended = false;
  #callbacks: SettledCallback[] = [];
  #states: Map<TransactionSlot<unknown>, unknown> | undefined;

  constructor(options: ScopeOptions) {
    this.owner = options.owner;
    this.session = options.session;
    this.isolation = options.isolation;
    this.parent = options.parent;
    this.outer = options.outer;
    this.depth = (options.parent?.depth ?? 0) + 1;
  }

  /** The scope around the outermost transaction of this connection, if it was opened inside one of another connection. */
  get outside(): TransactionScope | undefined {
    return this.parent ? this.parent.outside : this.outer;
  }

  get isOpen(): boolean {
    return !this.#ended && (this.parent?.isOpen ?? true);
  }

  async include<T>(work: () => Promise<T>): Promise<T> {
    this.underWay += 1;
    try {
      return await work();
    } finally {
      this.underWay -= 1;
    }
  }

  onSettled(callback: SettledCallback): void {
    this.assertOpen();
    this.#callbacks.push(callback);
  }

  state<T>(slot: TransactionSlot<T>): T {
    this.assertOpen();
    const found = this.peekState(slot);
    if (found !== undefined) return found;
    const made = slot.create();
    this.#states ??= new Map();
    this.#states.set(slot, made);
    return made;
  }

  peekState<T>(slot: TransactionSlot<T>): T | undefined {
    return this.#states?.get(slot) as T | undefined; // only state() and absorb() set it, both with the slot's own value
  }

  /**
   * Runs a statement in this transaction. A write waits while a nested transaction is open, since it would become part
   * of that one's savepoint and be undone with it; a read need not.
   */
  execute(statement: Statement): Promise<StatementResult> {
    if (!statement.writes || !this.nested.held) return this.session.execute(statement);
    return this.nested.run(() => {
      this.assertOpen();
      return this.session.execute(statement);
    });
  }

  /** Hands the connection to SQL that is not the library's, with the same turns as a write. */
  async lend(): Promise<DriverConnection> {
    const turn = this.nested.acquire();
    if (turn) await turn;
    try {
      this.assertOpen();
      return await this.session.lend(() => this.nested.release());
    } catch (error) {
      this.nested.release();
      throw error;
    }
  }

  assertOpen(): void {
    if (!this.isOpen) throw transactionEnded();
  }

  /** From here on nothing may use it. */
  end(): void {
    this.#ended = true;
  }

  /** Takes over what a nested transaction did. */
  absorb(inner: TransactionScope): void {
    this.#callbacks.push(...inner.#callbacks);
    for (const [slot, value] of inner.#states ?? []) this.#absorbState(slot, value);
  }

  /** Runs the callbacks one after the other, each although another failed. Throws the first error. */
  async settle(outcome: TransactionOutcome): Promise<void> {
    const errors: unknown[] = [];
    for (const callback of this.#callbacks) {
      try {
        await runInScope(this.outside, () => callback(outcome));
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  #absorbState<T>(slot: TransactionSlot<T>, inner: T): void {
    const outer = this.peekState(slot);
    if (outer !== undefined) {
      slot.merge(outer, inner);
      return;
    }
    this.#states ??= new Map();
    this.#states.set(slot, inner);
  }
}
