import { StoreUnavailableError } from '../errors.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import { systemClock, type Clock } from '../support/clock.js';
import type { BackoffLimits } from './backoff.js';
import type { CacheStore, CacheWrite, Reject } from './cache-store.js';
import { CircuitBreaker, type CircuitState, type Ticket } from './circuit-breaker.js';
import { Deadline, DeadlineError, Waiting } from '../support/deadline.js';
import { PendingDrops } from './pending-drops.js';

/** How long callers may wait for a store, and what happens when it fails. */
export interface ResilientStoreOptions {
  readonly clock?: Clock | undefined;
  /** Default 250. The longest that any operation takes. */
  readonly deadlineMs?: number | undefined;
  /** Default 5. So many failures in a row stop all operations for a while. */
  readonly failures?: number | undefined;
  /** Default 100 ms, doubling to 2 s: the waits before a store that failed is asked again. */
  readonly backoff?: BackoffLimits | undefined;
  /** Default 10,000. With more keys waiting to be dropped, those of `dropInstead` are dropped in their place. */
  readonly maxPendingDrops?: number | undefined;
  /** Few keys that invalidate everything. Without it every key that waits is kept, however many they are. */
  readonly dropInstead?: (() => readonly string[]) | undefined;
}

/** How a store is doing. */
export interface StoreState {
  /** `closed` is the normal state; `open`: the store is not asked; `half-open`: one operation tries it. */
  readonly circuit: CircuitState;
  /** Keys whose invalidation has not reached the store yet. While there are any, nothing is read from it. */
  readonly pendingDrops: number;
}

type Operation = 'read' | 'acquire' | 'write' | 'drop';

/**
 * Stands between callers and a store that may be down, slow, full or hang: every operation settles within the deadline,
 * and at once while the store is known not to work. A failed operation rejects with StoreUnavailableError, the store's
 * own error as `cause`. The store recovers by itself.
 *
 * Invariant: from the moment a `drop` rejects until its keys are known to be dropped, this process reads nothing from
 * the store, so it never serves what it knows to be outdated.
 */
export class ResilientStore implements CacheStore {
  readonly name: string;
  declare readonly list?: NonNullable<CacheStore['list']>;
  readonly #store: CacheStore;
  readonly #deadline: Deadline;
  readonly #circuit: CircuitBreaker;
  readonly #pending: PendingDrops;
  #lastFailure: unknown;

  constructor(store: CacheStore, options: ResilientStoreOptions = {}) {
    const { clock = systemClock, backoff = { firstMs: 100, longestMs: 2000 } } = options;
    this.name = store.name;
    this.#store = store;
    const list = store.list?.bind(store);
    if (list) this.list = (...asked) => this.#ask('read', () => list(...asked));
    this.#deadline = new Deadline(clock, options.deadlineMs ?? 250);
    this.#circuit = new CircuitBreaker({ clock, backoff, failures: options.failures ?? 5 });
    this.#pending = new PendingDrops({
      clock,
      backoff,
      limit: options.maxPendingDrops ?? 10_000,
      dropInstead: options.dropInstead,
      deliver: (keys) => this.#deadline.race(resolved(() => store.drop(keys))),
      onDelivered: () => this.#circuit.close(),
    });
  }

  get state(): StoreState {
    return { circuit: this.#circuit.state, pendingDrops: this.#pending.size };
  }

  read(keys: readonly string[]): Promise<(string | undefined)[]> {
    return new Promise((resolve, reject) => this.request(keys, (texts) => resolve([...texts]), reject));
  }

  // NOTE: much like `requestDrop`; what both do in one place takes a function more, which shows on the way of a hit
  request(keys: readonly string[], resolve: (texts: readonly (string | undefined)[]) => void, reject: Reject): void {
    let ticket: Ticket;
    try {
      ticket = this.#enter('read');
    } catch (error) {
      reject(error);
      return;
    }
    const fail = (error: unknown): void => reject(this.#failed('read', ticket, error));
    const waiting = new Waiting(fail);
    const answered = (texts: readonly (string | undefined)[]): void => {
      if (!this.#deadline.end(waiting)) return;
      this.#circuit.succeeded(ticket);
      resolve(texts);
    };
    const failed = (error: unknown): void => {
      if (this.#deadline.end(waiting)) fail(error);
    };
    try {
      if (this.#store.request) this.#store.request(keys, answered, failed);
      else Promise.resolve(this.#store.read(keys)).then(answered, failed);
    } catch (error) {
      failed(error);
    }
    this.#deadline.begin(waiting); // NOTE: when it was asked, and works already
  }

  acquire(requests: readonly CacheWrite[]): Promise<(string | undefined)[]> {
    return this.#ask('acquire', () => this.#store.acquire(requests));
  }

  write(entries: readonly CacheWrite[]): Promise<void> {
    return this.#ask('write', () => this.#store.write(entries));
  }

  /** Rejects if it is not certain that the keys are gone; then they are dropped as soon as the store works again. */
  drop(keys: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => this.requestDrop(keys, resolve, reject));
  }

  // NOTE: by callbacks, since each promise costs on the way of every write
  requestDrop(keys: readonly string[], resolve: () => void, reject: Reject): void {
    if (keys.length === 0) {
      resolve();
      return;
    }
    const lost = (error: unknown): void => {
      this.#pending.add(keys);
      reject(error);
    };
    let ticket: Ticket;
    try {
      ticket = this.#enter('drop');
    } catch (error) {
      lost(error);
      return;
    }
    const fail = (error: unknown): void => lost(this.#failed('drop', ticket, error));
    const waiting = new Waiting(fail);
    const answered = (): void => {
      if (!this.#deadline.end(waiting)) return;
      this.#circuit.succeeded(ticket);
      resolve();
    };
    const failed = (error: unknown): void => {
      if (this.#deadline.end(waiting)) fail(error);
    };
    try {
      if (this.#store.requestDrop) this.#store.requestDrop(keys, answered, failed);
      else Promise.resolve(this.#store.drop(keys)).then(answered, failed);
    } catch (error) {
      failed(error);
    }
    this.#deadline.begin(waiting); // NOTE: when it was asked, and works already
  }

  /** Rejects, after the store was closed, if there are keys left that could not be dropped. */
  async close(): Promise<void> {
    const undelivered = await this.#pending.close();
    await this.#store.close();
    if (undelivered === 0) return;
    throw new StoreUnavailableError(
      `The cache store '${this.name}' was closed before ${undelivered} invalidated keys could be dropped: what depends on them may be served by other processes until it expires.`,
      { cause: this.#lastFailure },
    );
  }

  #ask<Answer>(operation: Operation, ask: () => Awaitable<Answer>): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const ticket = this.#enter(operation); // what it throws rejects
      this.#deadline.watch(
        resolved(ask),
        (answer) => {
          this.#circuit.succeeded(ticket);
          resolve(answer);
        },
        (error) => reject(this.#failed(operation, ticket, error)),
      );
    });
  }

  /** Throws where the store is not asked now. */
  #enter(operation: Operation): Ticket {
    if (this.#pending.size > 0 && operation !== 'write') throw this.#waitingForDrops(operation);
    const ticket = this.#circuit.enter();
    if (ticket === undefined) throw this.#notAsked(operation);
    return ticket;
  }

  #failed(operation: Operation, ticket: Ticket, error: unknown): StoreUnavailableError {
    this.#lastFailure = error;
    if (this.#showsThatNothingWorks(operation, error)) this.#circuit.failed(ticket);
    return this.#unavailable(`could not ${operation}: ${messageOf(error)}`, error);
  }

  /** A store that is full or read-only refuses writes at once but still answers reads: that must not stop the reads. */
  #showsThatNothingWorks(operation: Operation, error: unknown): boolean {
    return operation === 'read' || error instanceof DeadlineError || this.#circuit.state === 'half-open';
  }

  #waitingForDrops(operation: Operation): StoreUnavailableError {
    return this.#unavailable(`does not ${operation} now: ${this.#pending.size} invalidations are waiting to reach it`);
  }

  #notAsked(operation: Operation): StoreUnavailableError {
    return this.#unavailable(`is not asked to ${operation} now, since it failed: ${messageOf(this.#lastFailure)}`);
  }

  #unavailable(what: string, cause: unknown = this.#lastFailure): StoreUnavailableError {
    return new StoreUnavailableError(`The cache store '${this.name}' ${what}`, { cause });
  }
}

/** What `ask` answers as a promise, also where it throws or answers at once. */
function resolved<Answer>(ask: () => Awaitable<Answer>): Promise<Answer> {
  try {
    const answer = ask();
    return isPromise(answer) ? answer : Promise.resolve(answer);
  } catch (error) {
    return Promise.reject(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
