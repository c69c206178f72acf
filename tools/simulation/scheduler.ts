import { Random } from '../../test/support/random.js';

interface Waiting {
  readonly what: string;
  readonly go: () => void;
}

/** How many of the last steps are remembered for a report. */
const longestTrail = 400;
/** One of so many steps is one of those. */
const oneGoesOn = 40;

/**
 * Decides what happens next. Everything that is under way waits here, and one at a time is picked by a random number
 * that the seed gives; then everything that follows from it without waiting for anything else happens. So a seed is a run.
 */
export class Scheduler {
  readonly random: Random;
  steps = 0;
  /** Changes with every step: two runs with the same number went the same way. */
  hash = 0x811c9dc5;
  /** One in so many is slow: it waits while much else happens; 0: none is. */
  oneIsSlow: number;
  readonly #waiting: Waiting[] = [];
  readonly #slow: Waiting[] = [];
  readonly #trail: string[] = [];

  readonly #isDetailed: boolean;

  /** `isDetailed`: steps are told with what was asked and answered. Stamps are random, so no two runs tell the same then. */
  constructor(seed: number, isDetailed: boolean, oneIsSlow = 8) {
    this.random = new Random(seed);
    this.oneIsSlow = oneIsSlow;
    this.#isDetailed = isDetailed;
  }

  /** A value as part of a step's text, where details are wanted. */
  detail(value: unknown): string {
    return this.#isDetailed ? ` ${JSON.stringify(value)}` : '';
  }

  get isIdle(): boolean {
    return this.#waiting.length + this.#slow.length === 0;
  }

  /** The last steps, in their order. */
  get trail(): readonly string[] {
    return [...this.#trail.slice(this.steps % longestTrail), ...this.#trail.slice(0, this.steps % longestTrail)];
  }

  /** Resolves when the scheduler picks it. */
  until(what: string): Promise<void> {
    return new Promise((resolve) => this.when(what, resolve));
  }

  /** Calls `go` when the scheduler picks it. */
  when(what: string, go: () => void): void {
    const list = this.oneIsSlow > 0 && this.random.below(this.oneIsSlow) === 0 ? this.#slow : this.#waiting;
    list.push({ what, go });
  }

  /** Lets one of those that wait go on, and waits until all wait again. */
  async step(): Promise<void> {
    const picked = this.#pick();
    if (!picked) return;
    this.note(picked.what);
    picked.go();
    await settled();
  }

  #pick(): Waiting | undefined {
    const isSlowsTurn = this.#waiting.length === 0 || (this.#slow.length > 0 && this.random.below(oneGoesOn) === 0);
    const list = isSlowsTurn ? this.#slow : this.#waiting;
    const place = this.random.below(list.length);
    const picked = list[place];
    const last = list.pop();
    if (last && picked !== last) list[place] = last;
    return picked;
  }

  /** Makes something part of the run's trace. */
  note(what: string): void {
    this.#trail[this.steps % longestTrail] = what;
    this.steps += 1;
    for (let index = 0; index < what.length; index += 1) {
      this.hash = Math.imul(this.hash ^ what.charCodeAt(index), 0x01000193) >>> 0;
    }
  }
}

/** Resolves when nothing can go on by itself. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
