import type { Clock } from '../support/clock.js';

interface Task {
  at: number;
  readonly run: () => void;
}

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #now: number;
  /** How far it was set ahead of what has passed. */
  #aheadMs = 0;
  #tasks: Task[] = [];

  constructor(now = Date.UTC(2024, 0, 1)) {
    this.#now = now;
  }

  /** How many tasks are scheduled. */
  get scheduled(): number {
    return this.#tasks.length;
  }

  now(): number {
    return this.#now;
  }

  elapsed(): number {
    return this.#now - this.#aheadMs;
  }

  schedule(delayMs: number, task: () => void): () => void {
    const scheduled: Task = { at: this.#now + delayMs, run: task };
    this.#tasks.push(scheduled);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== scheduled);
    };
  }

  /** Moves the time on and runs what falls due, in its order and each at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    while (this.#runNext(end));
    this.#now = end;
  }

  /** Like `advance`, and lets the promises that a task has settled run before the next one. */
  async advanceAndSettle(ms: number): Promise<void> {
    const end = this.#now + ms;
    do await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#runNext(end));
    this.#now = end;
  }

  /** Sets the time without running anything, as when somebody sets the computer's clock. */
  set(now: number): void {
    const step = now - this.#now;
    this.#now = now;
    this.#aheadMs += step;
    for (const task of this.#tasks) task.at += step;
  }

  #runNext(end: number): boolean {
    let next: Task | undefined;
    for (const task of this.#tasks) {
      if (task.at <= end && (!next || task.at < next.at)) next = task;
    }
    if (!next) return false;
    this.#tasks = this.#tasks.filter((task) => task !== next);
    this.#now = Math.max(this.#now, next.at);
    next.run();
    return true;
  }
}
