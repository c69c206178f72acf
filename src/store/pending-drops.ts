import type { Clock } from '../support/clock.js';
import { Backoff, type BackoffLimits } from './backoff.js';

export interface PendingDropsOptions {
  readonly clock: Clock;
  readonly backoff: BackoffLimits;
  /** Drops the keys; rejects if that is not certain. */
  readonly deliver: (keys: readonly string[]) => Promise<void>;
  /** Called when no key is waiting any more. */
  readonly onDelivered: () => void;
  /** With more keys than this, `dropInstead` is dropped in their place, where it is given. */
  readonly limit: number;
  /** Few keys that cover every other one. */
  readonly dropInstead?: (() => readonly string[]) | undefined;
}

/**
 * Remembers keys that could not be dropped, and tries again until they are.
 *
 * Invariant: a key leaves only when a drop of it was acknowledged that began after the key was added the last time.
 */
export class PendingDrops {
  readonly #options: PendingDropsOptions;
  readonly #backoff: Backoff;
  #waiting = new Set<string>();
  #underWay = new Set<string>();
  /** The waiting keys are those of `dropInstead`, which cover whatever else is added. */
  #coversAll = false;
  #attempt: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(options: PendingDropsOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.backoff);
  }

  /** How many keys are not known to be dropped. */
  get size(): number {
    return this.#waiting.size + this.#underWay.size;
  }

  add(keys: Iterable<string>): void {
    this.#remember(keys);
    this.#tryLater();
  }

  /** Tries a last time; answers how many keys remain. No further attempt is made. */
  async close(): Promise<number> {
    await this.#attempt;
    if (this.#waiting.size > 0) await this.#try();
    this.#cancelTimer?.();
    return this.size;
  }

  #remember(keys: Iterable<string>): void {
    if (this.#coversAll) return;
    for (const key of keys) this.#waiting.add(key);
    const { limit, dropInstead } = this.#options;
    if (!dropInstead || this.#waiting.size <= limit) return;
    this.#waiting = new Set(dropInstead());
    this.#coversAll = true;
  }

  #tryLater(): void {
    if (this.#cancelTimer || this.#attempt || this.#waiting.size === 0) return;
    this.#cancelTimer = this.#options.clock.schedule(this.#backoff.next(), () => void this.#try());
  }

  async #try(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#attempt = this.#deliverAll();
    await this.#attempt;
    this.#attempt = undefined;
    this.#tryLater();
  }

  /** Keys that are added while an attempt is under way wait for the next one: the running one may have come too early. */
  async #deliverAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      this.#underWay = this.#waiting;
      this.#waiting = new Set();
      this.#coversAll = false;
      try {
        await this.#options.deliver([...this.#underWay]);
        this.#underWay = new Set();
      } catch {
        const undelivered = this.#underWay;
        this.#underWay = new Set();
        this.#remember(undelivered);
        return;
      }
    }
    this.#backoff.reset();
    this.#options.onDelivered();
  }
}
