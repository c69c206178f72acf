import { elapsed, type Clock } from './clock.js';

/** Nobody answered in time. What was asked for may still happen later. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/**
 * Somebody who waits for an answer.
 *
 * NOTE: a class, and it lets go of who waits as soon as that is over. Where many literals of one place were alive at a
 * garbage collection V8 makes the later ones old from the start, and they keep what they refer to until the next full
 * collection: that was one part in six of all that hits allocate.
 */
export class Waiting {
  /** When it began, in ms that this process has run; negative while it has not. */
  since = -1;
  /** Undefined when the wait is over. */
  reject: ((error: unknown) => void) | undefined;
  /** Who began to wait before and after this one, and still does. */
  before: Waiting | undefined = undefined;
  after: Waiting | undefined = undefined;

  constructor(reject: (error: unknown) => void) {
    this.reject = reject;
  }
}

/** Time is counted in parts of the deadline; a process that stands still loses one of them, however long it stands. */
const parts = 4;

/**
 * Rejects what takes longer than `ms`; one timer serves any number of promises.
 *
 * Time counts only while this process runs: one that was stopped, or was busy for long, has not waited meanwhile. What
 * it asked for before may be answered right after, and a write whose drops count as lost is seen by others too late.
 *
 * Invariant: all wait equally long, so the next to expire is the first of those who wait. Nothing is rejected before the
 * sockets were read once after its deadline, so a process that is busy does not take its own delay for the store's.
 *
 * NOTE: they refer to each other, and are in no Set: one that is old is made anew for every few that come and go, and is
 * garbage then that only a full collection takes.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #part: number;
  #first: Waiting | undefined;
  #last: Waiting | undefined;
  #timerRuns = false;
  /** For how long this process has run while anybody waited, in ms up to `#countedAt`. */
  #ran = 0;
  #countedAt = 0;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
    this.#part = Math.ceil(ms / parts);
  }

  /** Settles like `promise`, or rejects with DeadlineError; an outcome that comes later is ignored. */
  race<T>(promise: PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => this.watch(promise, resolve, reject));
  }

  /** The same by callbacks, one of which is called, and once: a promise less for those who make one of their own. */
  watch<T>(promise: PromiseLike<T>, resolve: (value: T) => void, reject: (error: unknown) => void): void {
    const waiting = new Waiting(reject);
    this.begin(waiting);
    promise.then(
      (value) => {
        if (this.end(waiting)) resolve(value);
      },
      (error: unknown) => {
        if (this.end(waiting)) reject(error);
      },
    );
  }

  /** Begins to wait for an answer that comes by a callback, unless it came already; without it `reject` is called in time. */
  begin(waiting: Waiting): void {
    if (waiting.reject === undefined) return;
    if (!this.#timerRuns) this.#startTimer(this.#ms);
    waiting.since = this.#ran + this.#uncounted();
    waiting.before = this.#last;
    if (this.#last) this.#last.after = waiting;
    else this.#first = waiting;
    this.#last = waiting;
  }

  /** The answer is there. False where it comes too late: then it was rejected already. */
  end(waiting: Waiting): boolean {
    if (waiting.reject === undefined) return false;
    waiting.reject = undefined;
    if (waiting.since < 0) return true;
    const { before, after } = waiting;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    waiting.before = undefined;
    waiting.after = undefined;
    return true;
  }

  #uncounted(): number {
    return Math.min(Math.max(0, elapsed(this.#clock) - this.#countedAt), this.#part);
  }

  #startTimer(remaining: number): void {
    this.#timerRuns = true;
    this.#countedAt = elapsed(this.#clock);
    this.#clock.schedule(Math.min(remaining, this.#part), () => {
      this.#ran += this.#uncounted();
      this.#countedAt = elapsed(this.#clock);
      const due = this.#ran - this.#ms;
      // NOTE: timers run before sockets are read. Even one that runs in time may follow a turn that took as long.
      this.#clock.schedule(0, () => this.#expire(due));
    });
  }

  /** Rejects what began at `due` or before. What became due while the sockets were read has not been listened for yet. */
  #expire(due: number): void {
    this.#timerRuns = false;
    for (let waiting = this.#first; waiting; waiting = this.#first) {
      if (waiting.since > due) {
        this.#ran += this.#uncounted();
        this.#startTimer(Math.max(0, waiting.since + this.#ms - this.#ran));
        return;
      }
      const { reject } = waiting;
      this.end(waiting);
      reject?.(new DeadlineError(`no answer within ${this.#ms} ms`));
    }
  }
}
