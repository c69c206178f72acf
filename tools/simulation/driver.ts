import { settled, type Scheduler } from './scheduler.js';
import type { SimulatedClock } from './simulated-clock.js';

/** How time goes. */
export interface Pace {
  /** One of so many steps is that some time passes. */
  readonly oneIn: number;
  /** How much, in ms. */
  someTime(): number;
}

export interface Driven {
  readonly scheduler: Scheduler;
  readonly clock: SimulatedClock;
  readonly pace: Pace;
  /** Broken promises, as they are found. */
  readonly violations: readonly string[];
}

/** Makes a run go on, step by step, and time with it. */
export class Driver {
  readonly #parts: Driven;
  /** Whether anything new is to be begun. */
  isOpen = true;
  /** The number of the step after which the first promise was broken, and what happened before it. */
  noticedAfter: number | undefined;
  trail: readonly string[] = [];

  constructor(parts: Driven) {
    this.#parts = parts;
  }

  /** Goes on until a task has ended; after so many steps nothing new is begun. */
  async until(task: Promise<unknown>, steps: number): Promise<void> {
    const { scheduler } = this.#parts;
    let hasEnded = false;
    const end = (): void => {
      hasEnded = true;
    };
    task.then(end, end);
    const last = scheduler.steps + steps;
    await settled();
    while (!hasEnded) {
      if (scheduler.steps >= last) this.isOpen = false;
      await this.#once();
    }
    await task;
  }

  /** Goes on for so many steps, or until a promise is broken. */
  async forSteps(steps: number): Promise<void> {
    const { scheduler, violations } = this.#parts;
    const last = scheduler.steps + steps;
    while (scheduler.steps < last && violations.length === 0) await this.#once();
  }

  /** Goes on for so long, or until a promise is broken. */
  async forTime(ms: number): Promise<void> {
    const { clock, violations } = this.#parts;
    const end = clock.now() + ms;
    while (clock.now() < end && violations.length === 0) await this.#once();
  }

  /** Goes on until nothing is under way, and for so long as timers may begin something again. */
  async settle(ms: number): Promise<void> {
    const { scheduler, clock } = this.#parts;
    const end = clock.now() + ms;
    while (!scheduler.isIdle || (clock.now() < end && clock.untilNext !== undefined)) await this.#once();
  }

  async #once(): Promise<void> {
    const { scheduler, clock, pace, violations } = this.#parts;
    if (scheduler.isIdle) await this.#pass(clock.untilNext ?? 1);
    else if (scheduler.random.below(pace.oneIn) === 0) await this.#pass(pace.someTime());
    else await scheduler.step();
    if (violations.length === 0) return;
    this.isOpen = false;
    if (this.noticedAfter !== undefined) return;
    this.noticedAfter = scheduler.steps;
    this.trail = scheduler.trail;
  }

  async #pass(ms: number): Promise<void> {
    const { scheduler, clock } = this.#parts;
    clock.move(ms);
    scheduler.note(`${ms} ms pass`);
    do await settled();
    while (clock.runDue());
  }
}
