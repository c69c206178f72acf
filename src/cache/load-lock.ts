import { elapsed } from '../support/clock.js';
import { randomStamp } from '../support/random-stamp.js';
import type { CacheEngine } from './cache-engine.js';

/** How processes wait for the one that makes a value. */
export interface LockOptions {
  /** How long a reader waits at most before it makes the value itself. */
  readonly waitMs: number;
  /** How often it looks whether the value is there. */
  readonly pollMs: number;
  /** After this time the one that makes the value counts as dead, and one other may take its place. */
  readonly holdMs: number;
}

export const usualLock: LockOptions = { waitMs: 30_000, pollMs: 50, holdMs: 10_000 };

/** A lock that was taken. */
export interface HeldLock {
  /** Lets others take it, once what was stored under it has arrived. Nobody needs to wait for it. */
  release(): Promise<void>;
}

interface Taken {
  readonly key: string;
  /** What tells its holder from others. */
  readonly value: string;
  readonly takenAt: number;
}

/**
 * One holder at a time across processes, by a text that the store keeps for a stated time. It saves work, nothing else:
 * a holder that comes back late stores under the stamps it began with, so what it stores is as right as anybody's.
 *
 * Who comes back late leaves the lock of its successor alone. A store has no "drop if it is mine", so a release that is
 * on its way for longer than a quarter of `holdMs` may still free it; then two compute the same at the same time.
 */
export class LoadLock {
  readonly #engine: CacheEngine;
  readonly #holdMs: number;

  constructor(engine: CacheEngine, { holdMs }: Pick<LockOptions, 'holdMs'>) {
    this.#engine = engine;
    this.#holdMs = holdMs;
  }

  /** The lock; undefined where somebody else holds it, 'broken' where the store cannot tell. */
  async take(entryKey: string): Promise<HeldLock | 'broken' | undefined> {
    const { port, clock, keyspace } = this.#engine;
    const key = keyspace.entry('lock', entryKey);
    const value = randomStamp();
    const takenAt = elapsed(clock);
    try {
      const [holder] = await port.acquire([{ key, value, ttlMs: this.#holdMs }]);
      return holder === value ? { release: () => this.#release({ key, value, takenAt }) } : undefined;
    } catch {
      return 'broken';
    }
  }

  async #release({ key, value, takenAt }: Taken): Promise<void> {
    const { port, clock } = this.#engine;
    await port.written();
    try {
      const [holder] = await port.read([key]);
      // NOTE: near its end the lock may be another's by the time the drop arrives; then it is left to end by itself
      if (holder !== value || elapsed(clock) - takenAt > this.#holdMs * 0.75) return;
      await port.drop([key]);
    } catch {
      // it ends by itself
    }
  }
}
