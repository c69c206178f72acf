import { AsyncLocalStorage } from 'node:async_hooks';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { Transaction, TransactionSlot } from '../database/transaction.js';
import type { Change } from './change.js';

/** Hears of changes once they are committed, or may be. The writer waits for it. */
export type ChangeListener = (changes: readonly Change[]) => Promise<void>;

/** Changes that wait for the end of `postponeInvalidation`; `forget` for `withoutInvalidation`. */
type Holding = 'forget' | { readonly connection: DatabaseConnection; readonly change: Change }[];

const listeners = new WeakMap<DatabaseConnection, Set<ChangeListener>>();
const holding = new AsyncLocalStorage<Holding | undefined>();

/** What a transaction did so far; a savepoint that is rolled back takes its part along. */
const pending: TransactionSlot<{ changes: Change[]; awaited: boolean }> = {
  create: () => ({ changes: [], awaited: false }),
  merge: (outer, inner) => void outer.changes.push(...inner.changes),
};

/** Calls `listener` with the changes of every write through this library on a connection. Returns how to stop that. */
export function onChanges(connection: DatabaseConnection, listener: ChangeListener): () => void {
  const known = listeners.get(connection) ?? new Set();
  listeners.set(connection, known.add(listener));
  return () => known.delete(listener);
}

/**
 * Says what a write did, after the statement. Outside a transaction the listeners hear of it now; inside they hear of
 * it after the outermost COMMIT (also of one whose outcome is unknown), and never of what was rolled back.
 */
export async function announce(connection: DatabaseConnection, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0 || holding.getStore() === 'forget') return;
  const transaction = connection.currentTransaction();
  if (!transaction) {
    await publish(connection, changes);
    return;
  }
  transaction.state(pending).changes.push(...changes);
  publishAtEnd(connection, outermost(transaction));
}

function publishAtEnd(connection: DatabaseConnection, transaction: Transaction): void {
  const whole = transaction.state(pending);
  if (whole.awaited) return;
  whole.awaited = true;
  transaction.onSettled((outcome) => (outcome === 'rolled back' ? undefined : publish(connection, whole.changes)));
}

function outermost(transaction: Transaction): Transaction {
  let current = transaction;
  while (current.parent) current = current.parent;
  return current;
}

async function publish(connection: DatabaseConnection, changes: readonly Change[]): Promise<void> {
  const held = holding.getStore();
  if (held === 'forget') return;
  if (held) {
    held.push(...changes.map((change) => ({ connection, change })));
    return;
  }
  for (const listener of listeners.get(connection) ?? []) await listener(changes);
}

/** Runs `task` and forgets what it changes: cached values stay as they are until their ttl. */
export function withoutInvalidation<T>(task: () => Promise<T>): Promise<T> {
  return holding.run('forget', task);
}

/** Runs `task` and invalidates for all of its writes once, when it has ended, also if it threw. */
export async function postponeInvalidation<T>(task: () => Promise<T>): Promise<T> {
  if (holding.getStore()) return task();
  const held: Exclude<Holding, 'forget'> = [];
  try {
    return await holding.run(held, task);
  } finally {
    await publishHeld(held);
  }
}

async function publishHeld(held: Exclude<Holding, 'forget'>): Promise<void> {
  const byConnection = new Map<DatabaseConnection, Change[]>();
  for (const { connection, change } of held) {
    const list = byConnection.get(connection) ?? [];
    byConnection.set(connection, list);
    list.push(change);
  }
  for (const [connection, changes] of byConnection) await publish(connection, changes);
}
