import { AsyncLocalStorage } from 'node:async_hooks';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { Transaction, TransactionSlot } from '../database/transaction.js';
import { weakened } from '../support/weakened.js';
import type { Change } from './change.js';

/** Hears of changes once they are committed, or may be, with the context they were made in. The writer waits for it. */
export type ChangeListener = (changes: readonly Change[], context: unknown) => Promise<void>;

/** Gets ready to hear of changes that are under way; what it answers tells of them. Undefined where it cannot. */
export type ChangeForeteller = (changes: readonly Change[], context: unknown) => (() => Promise<void>) | undefined;

/** A change, and what of the writer's async context must still be known at its commit, which may run in another. */
interface Announced {
  readonly connection: DatabaseConnection;
  readonly context: unknown;
  readonly change: Change;
}

/** Collects what is to be heard of at the end of `postponeInvalidation`. */
interface Postponed {
  readonly announced: Announced[];
  /** False once it has ended: what comes later, because nobody awaited it, is heard of at once. */
  open: boolean;
}

const listeners = new WeakMap<DatabaseConnection, Map<ChangeListener, ChangeForeteller | undefined>>();
const contexts = new WeakMap<DatabaseConnection, () => unknown>();
const holding = new AsyncLocalStorage<'forget' | Postponed | undefined>();

/** What a transaction did so far; a savepoint that is rolled back takes its part along. */
const pending: TransactionSlot<{ announced: Announced[]; awaited: boolean }> = {
  create: () => ({ announced: [], awaited: false }),
  merge: (outer, inner) => void outer.announced.push(...inner.announced),
};

/**
 * Calls `listener` with the changes of every write through this library on a connection. Returns how to stop that. With
 * `prepare` it may do a part of its work while the database is still writing.
 */
export function onChanges(
  connection: DatabaseConnection,
  listener: ChangeListener,
  prepare?: ChangeForeteller,
): () => void {
  const known = listeners.get(connection) ?? new Map<ChangeListener, ChangeForeteller | undefined>();
  listeners.set(connection, known.set(listener, prepare));
  return () => known.delete(listener);
}

/** Makes listeners hear, with each change, what `read` answered where it was made: such as the tenant it belongs to. */
export function noteContext(connection: DatabaseConnection, read: () => unknown): void {
  contexts.set(connection, read);
}

/**
 * Says what a write did, after the statement. Outside a transaction the listeners hear of it now; inside they hear of
 * it after the outermost COMMIT (also of one whose outcome is unknown), and never of what was rolled back.
 */
export function announce(connection: DatabaseConnection, changes: readonly Change[]): Promise<void> {
  const held = holding.getStore();
  if (changes.length === 0 || held === 'forget') return Promise.resolve();
  try {
    const context = contexts.get(connection)?.();
    const transaction = connection.currentTransaction();
    if ((!transaction || weakened.dropAfterCommit) && !held?.open) return tellGroup({ connection, context, changes });
    const announced = changes.map((change) => ({ connection, context, change }));
    if (!transaction) return publish(announced);
    transaction.state(pending).announced.push(...announced);
    publishAtEnd(outermost(transaction));
    return Promise.resolve();
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Prepares to say what a statement does that is under way, if it does what is expected. What this answers says so, as
 * `announce` would; undefined where that is not said at once, or nobody can prepare for it.
 */
export function foretell(connection: DatabaseConnection, change: Change): (() => Promise<void>) | undefined {
  const [only, ...others] = listeners.get(connection) ?? [];
  const prepare = only?.[1];
  if (!prepare || others.length > 0 || holding.getStore() !== undefined) return undefined;
  try {
    if (connection.currentTransaction()) return undefined;
    const context = contexts.get(connection)?.();
    const tell = prepare([change], context);
    return tell && (() => (contexts.get(connection)?.() === context ? tell() : announce(connection, [change])));
  } catch {
    return undefined; // NOTE: whatever it is, `announce` will meet it
  }
}

function publishAtEnd(transaction: Transaction): void {
  const whole = transaction.state(pending);
  if (whole.awaited) return;
  whole.awaited = true;
  transaction.onSettled((outcome) => (outcome === 'rolled back' ? undefined : publish(whole.announced)));
}

function outermost(transaction: Transaction): Transaction {
  let current = transaction;
  while (current.parent) current = current.parent;
  return current;
}

async function publish(announced: readonly Announced[]): Promise<void> {
  const held = holding.getStore();
  if (typeof held === 'object' && held.open) held.announced.push(...announced);
  else await tellListeners(announced);
}

/** Tells of all changes of one connection and context at once. */
function tellListeners(announced: readonly Announced[]): Promise<void> {
  return eachInTurn(grouped(announced), tellGroup);
}

/** Every one is told, although another failed; throws the first error. */
async function eachInTurn<Item>(items: readonly Item[], tell: (item: Item) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  for (const item of items) {
    try {
      await tell(item);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

interface Group extends Omit<Announced, 'change'> {
  readonly changes: readonly Change[];
}

/** NOTE: without a promise of its own where one listens, which is on the way of every save. */
function tellGroup({ connection, context, changes }: Group): Promise<void> {
  const [first, ...others] = listeners.get(connection)?.keys() ?? [];
  if (!first) return Promise.resolve();
  if (others.length === 0) return first(changes, context);
  return eachInTurn([first, ...others], (listener) => listener(changes, context));
}

function grouped(announced: readonly Announced[]): Group[] {
  const groups: (Group & { readonly changes: Change[] })[] = [];
  for (const { connection, context, change } of announced) {
    const last = groups.findLast((group) => group.connection === connection && group.context === context);
    if (last) last.changes.push(change);
    else groups.push({ connection, context, changes: [change] });
  }
  return groups;
}

/** Runs `task` and forgets what it changes: cached values stay as they are until their ttl. */
export function withoutInvalidation<T>(task: () => Promise<T>): Promise<T> {
  return holding.run('forget', task);
}

/** Runs `task` and invalidates for all of its writes once, when it has ended, also if it threw. */
export async function postponeInvalidation<T>(task: () => Promise<T>): Promise<T> {
  if (isHolding()) return task();
  const held: Postponed = { announced: [], open: true };
  try {
    return await holding.run(held, task);
  } finally {
    held.open = false;
    await tellListeners(held.announced);
  }
}

function isHolding(): boolean {
  const held = holding.getStore();
  return held === 'forget' || held?.open === true;
}
