import type { Counters } from '../telemetry/statistics.js';
import type { CacheEngine } from './cache-engine.js';
import type { DependencyFrame } from './dependency-frame.js';
import type { DriftCheck, Reread } from './drift-check.js';
import type { Entry } from './entry.js';
import type { Planned } from './plans.js';

/** One call of a computation. Its identity tells it from every other call under the same label. */
export interface Call<T> extends Planned {
  /** Makes the value; whatever it reads is tracked by the frame. */
  run(frame: DependencyFrame): Promise<T>;
  /** How a value to compare a cached one with is made, where that may be done at any time and tells nobody. */
  reread?(): Reread | undefined;
  /** Told when the value was in the cache. */
  onHit?(): void;
  /** Told when it was not and is about to be made. */
  onMiss?(): void;
  /** What the list of entries says of the value; undefined where it is not to be listed. */
  note?(): string | undefined;
  /** Has a value that was made at this time made anew by whoever does that, where the host says that others do. */
  renewElsewhere?(madeAt: number): Promise<void>;
}

/** A value as it is stored, and back. */
export interface Codec<T> {
  /** The JSON-safe payload: a list, whatever the value is. Throws UsageError for what cannot be kept. */
  encode(value: T): unknown;
  /** The value in a payload, one of its own for each call where it is `shared`; undefined for what `encode` did not write. */
  decode(payload: unknown, shared: boolean): { readonly value: T } | undefined;
}

/** What a computation is part of. */
export interface ComputationHost {
  readonly engine: CacheEngine;
  readonly counters: Counters;
  /** Whether values are listed. */
  readonly lists: boolean;
  /** Whether values that are being served are made anew by others. */
  readonly renewsElsewhere: boolean;
  /** Why nothing may be read from the cache or stored in it now; undefined where it may. */
  bypassReason(): string | undefined;
  /** Compares hits with the database, where that is asked for. */
  readonly drift: DriftCheck | undefined;
}

/** A value in the cache with its facts. */
export interface Held<T> {
  readonly value: T;
  readonly entry: Entry;
  /** How often this process answered from it. */
  readonly hits: number;
  /** The entry's length as text. */
  readonly bytes: number | undefined;
  /** True where it is served only until it has been made again. */
  readonly stale: boolean;
  readonly dependencies: readonly string[];
}
