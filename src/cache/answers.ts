import type { CacheEngine } from './cache-engine.js';
import type { Found } from './found.js';
import type { ComputationOptions } from './computation-options.js';
import { currentFrame, DependencyFrame } from './dependency-frame.js';
import type { Entry } from './entry.js';
import { errorIn } from './kept-error.js';
import { endsOthers, isDueEarly } from './lifetime.js';
import type { Plan } from './plans.js';
import type { Computed } from './run.js';

/** A value that may be answered, with its entry, which tells what it depends on. */
export interface Answer<T> {
  readonly value: T;
  readonly entry: Entry;
}

/** Says which of the entries that were found may be answered by one computation. */
export class Answers<T> {
  readonly #engine: CacheEngine;
  readonly #options: ComputationOptions<T>;

  constructor(engine: CacheEngine, options: ComputationOptions<T>) {
    this.#engine = engine;
    this.#options = options;
  }

  /** The value of an entry whose stamps are all current. */
  validIn(found: Found): Answer<T> | undefined {
    if (found.state !== 'hit') return undefined;
    const decoded = this.#options.codec.decode(found.entry.payload, found.shared);
    return decoded && { value: decoded.value, entry: found.entry };
  }

  /** An invalidated value that may be served all the same, since it was current not too long ago. */
  outdatedIn(plan: Plan, found: Found): Answer<T> | undefined {
    const { staleForMs, codec } = this.#options;
    if (staleForMs === undefined || found.state !== 'miss' || found.reason !== 'invalidated') return undefined;
    const { entry } = found;
    if (!entry || currentFrame()) return undefined; // NOTE: what is computed from it shall not be outdated too
    if (this.#isCleared(plan, entry, found.stamps)) return undefined;
    const now = this.#engine.clock.now();
    if (entry.expiresAt <= now || now - Math.max(entry.createdAt, plan.currentAt ?? 0) > staleForMs) return undefined;
    const decoded = codec.decode(entry.payload, true);
    return decoded && { value: decoded.value, entry };
  }

  /** Whether it was not only a change that made the entry no hit: somebody wants no such value to be served. */
  #isCleared(plan: Plan, entry: Entry, current: readonly (string | undefined)[]): boolean {
    const { clearedBy } = this.#options;
    const keys = [plan.keyspace.epoch, ...(clearedBy === undefined ? [] : [plan.keyspace.stamp(clearedBy)])];
    return keys.some((key) => {
      const index = plan.base.indexOf(key);
      return entry.stamps[index] !== current[index];
    });
  }

  /** The value or error that another process stored meanwhile, as if it had been computed here. */
  computedIn(plan: Plan, found: Found): Computed | undefined {
    if (found.state !== 'hit') return undefined;
    const { entry } = found;
    const error = errorIn(entry.payload);
    if (!error && !this.#options.codec.decode(entry.payload, true)) return undefined;
    const frame = new DependencyFrame(this.#engine);
    this.note(frame, plan, entry);
    return { payload: entry.payload, frame, ...(error ? { failure: { error } } : {}) };
  }

  /** Lets a frame depend on all that a valid entry depends on. */
  note(frame: DependencyFrame, plan: Plan, entry: Entry): void {
    const found = (entry.dependencies ?? []).map((name) => plan.keyspace.stamp(name));
    frame.record(this.#engine, [...plan.base, ...found], entry.stamps);
    if (endsOthers(this.#options, found.length, entry.expiresAt - entry.createdAt)) frame.limit(entry.expiresAt);
  }

  /** Whether a valid value is to be made again while it is served. */
  isDue(entry: Entry): boolean {
    return (
      this.isSoftlyExpired(entry) || isDueEarly(entry, this.#engine.clock.now(), Math.random, this.#options.eagerness)
    );
  }

  isSoftlyExpired({ softExpiresAt }: Entry): boolean {
    return softExpiresAt !== undefined && softExpiresAt <= this.#engine.clock.now();
  }
}
