import type { Clock } from '../../src/support/clock.js';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** A clock that stands still until it is moved; then what is due runs, one task at a time. */
export class SimulatedClock implements Clock {
  #now = Date.UTC(2024, 0, 1);
  #timers: Timer[] = [];

  now(): number {
    return this.#now;
  }

  schedule(delayMs: number, task: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), run: task };
    const after = this.#timers.findIndex(({ at }) => at > timer.at);
    this.#timers.splice(after === -1 ? this.#timers.length : after, 0, timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** How long until the next timer; undefined where there is none. */
  get untilNext(): number | undefined {
    const [next] = this.#timers;
    return next && next.at - this.#now;
  }

  move(ms: number): void {
    this.#now += ms;
  }

  /** Runs the next timer if it is due; false where none is. */
  runDue(): boolean {
    const [next] = this.#timers;
    if (!next || next.at > this.#now) return false;
    this.#timers.shift();
    next.run();
    return true;
  }
}
