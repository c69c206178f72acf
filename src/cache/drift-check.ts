import { CacheDriftError } from '../errors.js';
import type { Clock } from '../support/clock.js';
import { driftChannel } from '../telemetry/channels.js';
import type { DriftCounters } from '../telemetry/drift-counters.js';
import type { CacheEngine } from './cache-engine.js';
import { runInFrame } from './dependency-frame.js';

/** How hits are compared with the database. */
export interface DriftSettings {
  /** The part of the hits that is checked, from 0 to 1. */
  readonly share: number;
  /** So many checks at a time at most. */
  readonly most: number;
  /** How long the stamps of an entry that differs must go on to be current before it is told. */
  readonly graceMs: number;
  /** `report`: behind the back of the caller, who got the hit. `throw`: before he gets it. */
  readonly onMismatch: 'report' | 'throw';
}

export interface DriftCheckParts {
  readonly settings: DriftSettings;
  readonly engine: Pick<CacheEngine, 'keyspace' | 'readStamps'>;
  readonly clock: Clock;
  readonly counters: DriftCounters;
  /** The name of the connection. */
  readonly connection: string;
  /** Runs work whose reads go to the database, all of them to the same snapshot; `isOne`: it is one statement. */
  readonly inSnapshot: <T>(work: () => Promise<T>, isOne: boolean) => Promise<T>;
}

/** How a payload is made again from the database. */
export interface Reread {
  payload(): Promise<unknown>;
  /** Whether that is one statement. */
  readonly isOne: boolean;
  /** A text that is the same for payloads which say the same; default: their JSON. */
  readonly canonical?: (payload: unknown) => string;
}

/** A hit that may be checked. */
export interface CheckedHit extends Reread {
  readonly label: string;
  readonly key: string;
  readonly stampKeys: readonly string[];
  /** Those that the entry was found under, aligned. */
  readonly stamps: readonly string[];
  readonly stored: unknown;
  readonly createdAt: number;
}

/**
 * Compares a share of the hits with the database. An entry that differs counts only if its stamps are the same after the
 * database was read, and still are after a while: otherwise somebody changed the row meanwhile, and his invalidation was
 * only on its way.
 */
export class DriftCheck {
  readonly #parts: DriftCheckParts;
  readonly #running = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  /** End the waits that are under way. */
  readonly #giveUps = new Set<() => void>();
  #active = 0;
  #isClosed = false;

  constructor(parts: DriftCheckParts) {
    this.#parts = parts;
  }

  /** Whether the next hit is to be checked. */
  isDue(): boolean {
    const { share } = this.#parts.settings;
    return !this.#isClosed && (share === 1 || Math.random() < share);
  }

  /** Checks a hit. A promise where the caller must wait for it; it rejects with CacheDriftError. */
  check(hit: CheckedHit): Promise<void> | undefined {
    const { settings, counters } = this.#parts;
    if (settings.onMismatch === 'throw') return this.#inTurn(hit);
    if (this.#active >= settings.most) {
      counters.skipped += 1;
      return undefined;
    }
    const running = this.#run(hit).then(
      () => undefined,
      () => void (counters.failed += 1),
    );
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
    return undefined;
  }

  /** Resolves when no check is under way any more; nothing more is checked. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const giveUp of this.#giveUps) giveUp();
    await Promise.all(this.#running);
  }

  async #inTurn(hit: CheckedHit): Promise<void> {
    while (this.#active >= this.#parts.settings.most) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if ((await this.#run(hit)) === 'wrong') throw this.#error(hit);
  }

  async #run(hit: CheckedHit): Promise<'right' | 'wrong'> {
    const { counters } = this.#parts;
    this.#active += 1;
    counters.checks += 1;
    try {
      if (await this.#isSame(hit)) return 'right';
      if (!(await this.#isCurrent(hit)) || !(await this.#isCurrentAfterGrace(hit))) {
        counters.overtaken += 1;
        return 'right';
      }
      this.#tell(hit);
      return 'wrong';
    } finally {
      this.#active -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #isSame(hit: CheckedHit): Promise<boolean> {
    const { canonical = JSON.stringify, isOne, stored } = hit;
    // NOTE: outside of the caller's frame: nothing is computed from what is read here
    const read = await runInFrame(undefined, () => this.#parts.inSnapshot(() => hit.payload(), isOne));
    return canonical(read) === canonical(stored);
  }

  async #isCurrentAfterGrace(hit: CheckedHit): Promise<boolean> {
    const { graceMs } = this.#parts.settings;
    if (graceMs > 0) await this.#wait(graceMs);
    return this.#isCurrent(hit);
  }

  /** Rejects where the end comes first: then it is not known. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const give = (up: boolean): void => {
        cancel();
        this.#giveUps.delete(giveUp);
        if (up) reject(new CacheDriftError('the connection is being closed'));
        else resolve();
      };
      const giveUp = (): void => give(true);
      const cancel = this.#parts.clock.schedule(ms, () => give(false));
      this.#giveUps.add(giveUp);
      if (this.#isClosed) giveUp();
    });
  }

  async #isCurrent({ stampKeys, stamps }: CheckedHit): Promise<boolean> {
    const now = await this.#parts.engine.readStamps(stampKeys);
    return now !== undefined && stamps.every((stamp, index) => stamp === now[index]);
  }

  #tell(hit: CheckedHit): void {
    const { counters, clock, connection } = this.#parts;
    counters.mismatches += 1;
    if (!driftChannel.hasSubscribers) return;
    const { label, key, stamps } = hit;
    const ageMs = clock.now() - hit.createdAt;
    driftChannel.publish({ connection, label, key, dependencies: this.#dependencies(hit), stamps, ageMs });
  }

  #error(hit: CheckedHit): CacheDriftError {
    return new CacheDriftError(
      `${hit.label}: the cached value differs from the database, and nothing has invalidated it. ` +
        `Was something changed without this library, or by a query that it does not see? It depends on ${this.#dependencies(hit).join(', ')}.`,
    );
  }

  #dependencies({ stampKeys }: CheckedHit): readonly string[] {
    const { stampPrefix } = this.#parts.engine.keyspace; // NOTE: what every entry depends on has another
    return stampKeys.flatMap((key) => (key.startsWith(stampPrefix) ? [key.slice(stampPrefix.length)] : []));
  }
}
