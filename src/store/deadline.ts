import type { Clock } from '../support/clock.js';

/** Nobody answered in time. What was asked for may still happen later. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

interface Waiting {
  readonly since: number;
  readonly reject: (error: DeadlineError) => void;
}

/** A timer that runs so much later than asked was held up by this process itself; the answer may lie in the socket. */
const lateMs = 20;

/**
 * Rejects what takes longer than `ms`; one timer serves any number of promises.
 *
 * Invariant: all wait equally long, so the set, which keeps their order, has the next to expire in front, and the timer
 * runs no later than that one's deadline.
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
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { since: this.#clock.now(), reject };
      this.#waiting.add(waiting);
      if (!this.#timerRuns) this.#startTimer(this.#ms);
      promise.then(
        (value) => {
          this.#waiting.delete(waiting);
          resolve(value);
        },
        (error: unknown) => {
          this.#waiting.delete(waiting);
          reject(error);
        },
      );
    });
  }

  #startTimer(ms: number): void {
    this.#timerRuns = true;
    const dueAt = this.#clock.now() + ms;
    this.#clock.schedule(ms, () => {
      // NOTE: timers run before sockets are read, so a process that was busy would take its own delay for the store's.
      if (this.#clock.now() - dueAt > lateMs) this.#clock.schedule(1, () => this.#expire());
      else this.#expire();
    });
  }

  #expire(): void {
    this.#timerRuns = false;
    const now = this.#clock.now();
    for (const waiting of this.#waiting) {
      const leftMs = waiting.since + this.#ms - now;
      // More left than there was at the start: the wall clock was set back meanwhile.
      if (leftMs > 0 && leftMs <= this.#ms) {
        this.#startTimer(leftMs);
        return;
      }
      this.#waiting.delete(waiting);
      waiting.reject(new DeadlineError(`no answer within ${this.#ms} ms`));
    }
  }
}
