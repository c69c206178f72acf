import type { Awaitable } from '../support/awaitable.js';
import type { CacheEngine } from './cache-engine.js';
import type { Call, ComputationHost } from './call.js';
import { runInFrame } from './dependency-frame.js';
import type { Entry } from './entry.js';
import type { Found } from './found.js';
import type { LoadLock } from './load-lock.js';
import type { Plan } from './plans.js';
import type { Work } from './run.js';

/** A value that is to be made anew. */
export interface Renewal<T> {
  readonly call: Call<T>;
  readonly plan: Plan;
  /** When the one that is there was made; 0 where there is none. */
  readonly madeAt: number;
  /** The stamps of the base, where they were seen to be current. */
  readonly seen?: readonly string[];
}

export interface RenewalParts<T> {
  readonly host: ComputationHost;
  readonly lock: LoadLock | undefined;
  lookup(plan: Plan): Awaitable<Found>;
  /** Makes the value, together with others who want it under the same stamps. */
  make(work: Work<T>): Promise<unknown>;
}

/** Makes values of one computation anew while old ones are served. */
export class Renewals<T> {
  readonly #parts: RenewalParts<T>;
  readonly #engine: CacheEngine;
  /** The keys of values that are being made anew behind those who read them. */
  readonly #behind = new Set<string>();

  constructor(parts: RenewalParts<T>) {
    this.#parts = parts;
    this.#engine = parts.host.engine;
  }

  /** Makes a value anew that is being served: once in this process, and with a lock or by a queue once everywhere. */
  behind(renewal: Renewal<T>): void {
    const { entryKey } = renewal.plan;
    if (this.#behind.has(entryKey)) return;
    this.#behind.add(entryKey);
    // NOTE: nobody waits for it and there is a value: a failure costs nothing, the next reader tries again
    runInFrame(undefined, () => this.#begin(renewal))
      .catch(() => undefined)
      .finally(() => this.#behind.delete(entryKey));
  }

  /** Makes a value anew, unless somebody else is doing it or has done it. */
  async now({ call, plan, madeAt, seen }: Renewal<T>): Promise<void> {
    const { lock } = this.#parts;
    const held = await lock?.take(plan.entryKey);
    if (lock && !held) return;
    try {
      if (held && (await this.#isReplaced(plan, madeAt))) return;
      const stamps = seen ?? (await this.#engine.acquire(plan.base));
      if (stamps) await this.#parts.make({ call, plan, stamps });
    } finally {
      if (held && held !== 'broken') void held.release();
    }
  }

  #begin(renewal: Renewal<T>): Promise<void> {
    const { call, madeAt } = renewal;
    if (this.#parts.host.renewsElsewhere && call.renewElsewhere) return call.renewElsewhere(madeAt);
    return this.now(renewal);
  }

  /** Whether somebody else made the value again before the lock was free. */
  async #isReplaced(plan: Plan, madeAt: number): Promise<boolean> {
    const found = await this.#parts.lookup(plan);
    return found.state === 'hit' && isAnother(found.entry, madeAt);
  }
}

/**
 * Whether an entry is not the one that was made then, and so took its place. NOTE: it may have been made before, by the
 * clock of the process that made it.
 */
export function isAnother({ createdAt }: Entry, madeAt: number): boolean {
  return createdAt !== madeAt;
}
