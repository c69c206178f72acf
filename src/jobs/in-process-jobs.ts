import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../support/clock.js';
import { attempts, type JobQueue, type Work } from './job.js';
import { reportFailure } from './report-failure.js';

interface Waiting {
  readonly work: Work;
  /** Takes it back. */
  readonly cancel: () => void;
  /** Does it now. */
  readonly run: () => Promise<void>;
}

/** Does things in this process: at once, or by its clock. What waits ends with the process. */
export class InProcessJobs implements JobQueue {
  readonly isShared = false;
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  readonly #known = new Map<string, Waiting>();
  readonly #running = new Set<Promise<void>>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async add(work: Work, delayMs = 0): Promise<void> {
    if (delayMs === 0 || (this.#isClosed && work.kind === 'invalidate')) {
      await work.run();
      return;
    }
    if (this.#isClosed || (work.sameAs !== undefined && this.#known.has(work.sameAs))) return;
    this.#wait(work, delayMs, 1);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const left = [...this.#waiting];
    for (const waiting of left) this.#forget(waiting);
    for (const { work, run } of left) if (work.kind === 'invalidate') this.#track(run());
    await Promise.allSettled(this.#running);
  }

  /** NOTE: in the async context of who asked, which may say what the prefix is. */
  #wait(work: Work, delayMs: number, attempt: number): void {
    const inContext = AsyncLocalStorage.snapshot();
    const begin = (): void => {
      this.#forget(waiting);
      this.#track(waiting.run());
    };
    const run = (): Promise<void> => inContext(() => this.#attempt(work, attempt));
    const waiting: Waiting = { work, run, cancel: this.#clock.schedule(delayMs, begin) };
    this.#waiting.add(waiting);
    if (work.sameAs !== undefined) this.#known.set(work.sameAs, waiting);
  }

  #forget(waiting: Waiting): void {
    waiting.cancel();
    this.#waiting.delete(waiting);
    const { sameAs } = waiting.work;
    if (sameAs !== undefined && this.#known.get(sameAs) === waiting) this.#known.delete(sameAs);
  }

  async #attempt(work: Work, attempt: number): Promise<void> {
    try {
      await work.run();
    } catch (error) {
      if (attempt >= attempts.most || this.#isClosed) return reportFailure(work.label, error);
      const isAskedAgain = work.sameAs !== undefined && this.#known.has(work.sameAs);
      if (!isAskedAgain) this.#wait(work, attempts.firstDelayMs * 2 ** (attempt - 1), attempt + 1);
    }
  }

  #track(running: Promise<void>): void {
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }
}
