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

/**
 * One holder at a time across processes, by a text that the store keeps for a stated time. It saves work, nothing else:
 * a holder that comes back late stores under the stamps it began with, so what it stores is as right as anybody's.
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
    const takenAt = clock.now();
    try {
      const [holder] = await port.acquire([{ key, value, ttlMs: this.#holdMs }]);
      return holder === value ? { release: () => this.#release(key, takenAt) } : undefined;
    } catch {
      return 'broken';
    }
  }

  async #release(key: string, takenAt: number): Promise<void> {
    const { port, clock } = this.#engine;
    await port.written();
    // NOTE: near its end the lock may be another's by the time this arrives; then it is left to end by itself
    if (clock.now() - takenAt > this.#holdMs * 0.75) return;
    try {
      await port.drop([key]);
    } catch {
      // it ends by itself
    }
  }
}
