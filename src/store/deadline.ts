import type { Clock } from '../support/clock.js';

/** Nobody answered in time. What was asked for may still happen later. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

interface Waiting {
  readonly since: number;
  readonly reject: (error: unknown) => void;
}

/**
 * Rejects what takes longer than `ms`; one timer serves any number of promises.
 *
 * Invariant: all wait equally long, so the set, which keeps their order, has the next to expire in front, and the timer
 * runs no later than that one's deadline. Nothing is rejected before the sockets were read once after its deadline, so a
 * process that is busy does not take its own delay for the store's.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #waiting = new Set<Waiting>();
  #timerRuns = false;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  /** Settles like `promise`, or rejects with DeadlineError; an outcome that comes later is ignored. */
  race<T>(promise: PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => this.watch(promise, resolve, reject));
  }

  /** The same by callbacks, one of which is called, and once: a promise less for those who make one of their own. */
  watch<T>(promise: PromiseLike<T>, resolve: (value: T) => void, reject: (error: unknown) => void): void {
    const waiting: Waiting = { since: this.#clock.now(), reject };
    this.#waiting.add(waiting);
    if (!this.#timerRuns) this.#startTimer(this.#ms);
    promise.then(
      (value) => {
        if (this.#waiting.delete(waiting)) resolve(value);
      },
      (error: unknown) => {
        if (this.#waiting.delete(waiting)) reject(error);
      },
    );
  }

  #startTimer(ms: number): void {
    this.#timerRuns = true;
    this.#clock.schedule(ms, () => {
      const now = this.#clock.now();
      // NOTE: timers run before sockets are read. Even one that runs in time may follow a turn that took as long.
      this.#clock.schedule(0, () => this.#expire(now));
    });
  }

  /** Rejects what was due at `then`. What became due while the sockets were read has not been listened for yet. */
  #expire(then: number): void {
    this.#timerRuns = false;
    const now = this.#clock.now();
    for (const waiting of this.#waiting) {
      const dueAt = waiting.since + this.#ms;
      const clockWasSetBack = waiting.since > now;
      if (dueAt > then && !clockWasSetBack) {
        this.#startTimer(Math.max(0, dueAt - now));
        return;
      }
      this.#waiting.delete(waiting);
      waiting.reject(new DeadlineError(`no answer within ${this.#ms} ms`));
    }
  }
}
