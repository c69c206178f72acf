import type { CacheNote } from '../store/cache-store.js';
import { ComputeTimeoutError, UsageError } from '../errors.js';
import type { CacheEngine } from './cache-engine.js';
import type { ComputationOptions } from './computation-options.js';
import type { Call, ComputationHost } from './call.js';
import { currentFrame, DependencyFrame, runInFrame } from './dependency-frame.js';
import { endsOthers, jitteredTtl } from './lifetime.js';
import { useKeys, type Plan } from './plans.js';
import { keptError } from './kept-error.js';

/** What a run gave: the value or the error as it is stored, and what it was made from. */
export interface Computed {
  readonly payload: unknown;
  readonly frame: DependencyFrame;
  /** What the run threw, where that is kept like a value. */
  readonly failure?: { readonly error: unknown };
}

/** One call whose value is to be made, and the stamps of its base from before anything is read for it. */
export interface Work<T> {
  readonly call: Call<T>;
  readonly plan: Plan;
  readonly stamps: readonly string[];
}

/** Runs calls of one computation and stores what they give. */
export class Runner<T> {
  readonly #engine: CacheEngine;
  readonly #lists: boolean;
  readonly #options: ComputationOptions<T>;
  readonly #filled: (isKept: boolean) => void;

  /** `filled` is told of each value: whether it is stored, or too large for that. */
  constructor(host: ComputationHost, options: ComputationOptions<T>, filled: (isKept: boolean) => void) {
    this.#engine = host.engine;
    this.#lists = host.lists;
    this.#options = options;
    this.#filled = filled;
  }

  /** The frame that a run is going to record in. */
  frameFor({ entryKey }: Plan): DependencyFrame {
    const { isWatching = false } = this.#options;
    return new DependencyFrame(this.#engine, { entryKey, outer: currentFrame(), isWatching });
  }

  /** Runs a call in its frame and stores the value under the stamps of everything that it read. */
  async run({ call, plan, stamps }: Work<T>, frame: DependencyFrame): Promise<Computed> {
    const { clock } = this.#engine;
    frame.record(this.#engine, plan.base, stamps);
    const startedAt = clock.now();
    try {
      const value = await this.#limited(call, frame);
      const payload = this.#options.codec.encode(value); // NOTE: before sealing, since encoding an instance reads its columns
      frame.seal();
      this.store(plan, { payload, frame }, { call, costMs: clock.now() - startedAt, ttlMs: this.#options.ttlMs });
      return { payload, frame };
    } catch (error) {
      frame.seal();
      const kept = this.#keep(error, { call, plan, frame, costMs: clock.now() - startedAt });
      if (kept) return kept;
      throw error;
    }
  }

  /** Runs a call whose value must not be stored. */
  runUnstored(call: Pick<Call<T>, 'run'>, reason: string): Promise<T> {
    currentFrame()?.spoil(reason);
    const frame = new DependencyFrame(this.#engine, { outer: currentFrame() });
    frame.spoil(reason);
    return this.#limited(call, frame);
  }

  /** Stores what was computed, unless it is no function of what it is known to have read. */
  store(
    plan: Plan,
    { payload, frame }: Computed,
    { call, costMs, ttlMs }: { readonly call: Call<T>; readonly costMs: number; readonly ttlMs: number },
  ): void {
    if (frame.taint !== undefined) return;
    plan.hits = 0; // NOTE: it may have been made in the same millisecond as the value before
    const engine = this.#engine;
    const found = [...frame.stamps.keys()].filter((key) => !plan.base.includes(key));
    const keys = [...plan.base, ...found];
    const lifeMs = Math.min(jitteredTtl(ttlMs), frame.expiresAt - engine.clock.now());
    if (lifeMs <= 0) return;
    if (endsOthers(this.#options, found.length, lifeMs)) frame.limit(engine.clock.now() + lifeMs);
    const dependencies = found.map((key) => key.slice(plan.keyspace.stampPrefix.length));
    const stamps = keys.map((key) => frame.stamps.get(key) ?? '');
    useKeys(plan, keys);
    const softMs = this.#options.softTtlMs && jitteredTtl(this.#options.softTtlMs);
    const note = this.#noteOf(call, plan);
    const fill = {
      key: plan.entryKey,
      stamps,
      stampKeys: keys,
      listId: plan.keys.id,
      dependencies,
      payload,
      ttlMs: lifeMs,
      costMs,
      softMs,
      note,
      maxBytes: this.#options.maxBytes,
    };
    this.#filled(engine.fill(fill));
  }

  #noteOf(call: Call<T>, { keyspace }: Plan): CacheNote | undefined {
    const text = this.#lists ? call.note?.() : undefined;
    return text === undefined ? undefined : { list: keyspace.list(this.#options.label), text };
  }

  /** Keeps an error like a value, where that was asked for and it is no mistake of the program or of the cache. */
  #keep(
    error: unknown,
    { call, plan, frame, costMs }: Pick<Work<T>, 'call' | 'plan'> & { frame: DependencyFrame; costMs: number },
  ): Computed | undefined {
    const { errorTtlMs } = this.#options;
    if (errorTtlMs === undefined || isMistake(error)) return undefined;
    const computed = { payload: keptError(error), frame, failure: { error } };
    this.store(plan, computed, { call, costMs, ttlMs: errorTtlMs });
    return computed;
  }

  /** The run, or ComputeTimeoutError where it takes too long: then its signal is aborted and what it still reads counts for nothing. */
  #limited(call: Pick<Call<T>, 'run'>, frame: DependencyFrame): Promise<T> {
    const { label, computeTimeoutMs } = this.#options;
    const running = runInFrame(frame, () => call.run(frame));
    if (computeTimeoutMs === undefined) return running;
    return new Promise((resolve, reject) => {
      const cancel = this.#engine.clock.schedule(computeTimeoutMs, () => {
        const error = new ComputeTimeoutError(`${label}: the value was not computed within ${computeTimeoutMs} ms`);
        frame.abort(error);
        reject(error);
      });
      running.then(resolve, reject).finally(cancel);
    });
  }
}

/** Whether an error is a mistake of the program, or the end of its time, rather than something that the values read led to. */
export function isMistake(error: unknown): boolean {
  return error instanceof UsageError || error instanceof ComputeTimeoutError;
}
