import type { Clock } from '../support/clock.js';

/**
 * Notices that somebody who is asked answers nothing at all any more. It costs those who ask two numbers, where a timer
 * for each question would cost several percent of a round trip.
 *
 * Invariant: time counts only while an answer is owed and none comes. It is looked at in parts, so a silence is noticed
 * when it is at least as long as it may be, and at most one part longer.
 */
export class Silence {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #noticed: () => void;
  #asked = 0;
  #answered = 0;
  #silentParts = 0;
  #timerRuns = false;

  constructor(clock: Clock, ms: number, noticed: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#noticed = noticed;
  }

  asked(): void {
    this.#asked += 1;
    if (!this.#timerRuns) this.#startTimer();
  }

  /** An answer came, good or bad. */
  answered(): void {
    this.#answered += 1;
  }

  #startTimer(): void {
    this.#timerRuns = true;
    const before = this.#answered;
    // NOTE: timers run before sockets are read: what came meanwhile is heard before it is judged
    this.#clock.schedule(this.#ms / parts, () => this.#clock.schedule(0, () => this.#judge(before)));
  }

  #judge(before: number): void {
    this.#timerRuns = false;
    this.#silentParts = this.#answered === before ? this.#silentParts + 1 : 0;
    if (this.#asked === this.#answered) {
      this.#silentParts = 0;
      return;
    }
    if (this.#silentParts >= parts) {
      this.#silentParts = 0;
      this.#noticed();
    }
    this.#startTimer();
  }
}

const parts = 4;
