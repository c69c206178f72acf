import { UsageError } from '../errors.js';
import type { Isolation } from './dialect.js';

/** What became of a transaction. `unknown`: the connection was lost after COMMIT was sent and before it was answered. */
export type TransactionOutcome = 'committed' | 'rolled back' | 'unknown';

/** Called once it is known what became of the work. */
export type SettledCallback = (outcome: TransactionOutcome) => void | Promise<void>;

/** A kind of data that is kept for each transaction and follows its savepoints. */
export interface TransactionSlot<T> {
  /** The value of a transaction that has none yet. */
  create(): T;
  /** Takes over into `outer` what a nested transaction did, once its savepoint is released. */
  merge(outer: T, inner: T): void;
}

/** An open transaction; a nested one is a savepoint of its parent. */
export interface Transaction {
  /** 1 for the outermost. */
  readonly depth: number;
  /** What was asked for; undefined for the database's default. */
  readonly isolation: Isolation | undefined;
  readonly parent: Transaction | undefined;
  /** False once it was committed or rolled back, or one that encloses it was. */
  readonly isOpen: boolean;
  /** Runs work of several steps that is part of it: the transaction does not commit before all of it was awaited. */
  include<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Runs `callback` outside of the transaction once its work is settled: with `committed` or `unknown` after the
   * outermost COMMIT, with `rolled back` right after the rollback, also of a savepoint alone. `transaction()` resolves
   * after the last callback did.
   */
  onSettled(callback: SettledCallback): void;
  /** The data of this transaction under `slot`: made on first use, dropped by a rollback, merged into the parent's otherwise. */
  state<T>(slot: TransactionSlot<T>): T;
  /** The same without making it: undefined where this transaction, not counting its parents, has none. */
  peekState<T>(slot: TransactionSlot<T>): T | undefined;
}

/** How `transaction()` opens one. */
export interface TransactionOptions {
  /** Left out: the database's default. SQLite is always serializable. */
  readonly isolation?: Isolation | undefined;
}

/** What code gets that still uses a transaction after its end. */
export function transactionEnded(): UsageError {
  return new UsageError('This transaction has ended; await everything inside it, and start what outlives it outside.');
}
