import { LRUCache } from 'lru-cache';
import type { Found } from '../cache/cache-engine.js';
import { currentFrame, DependencyFrame, runInFrame } from '../cache/dependency-frame.js';
import type { Entry } from '../cache/entry.js';
import { Flights } from '../cache/flights.js';
import { isDueEarly, jitteredTtl } from '../cache/lifetime.js';
import type { ModelCache } from '../model-cache/model-cache.js';
import { cacheChannel, computeChannel, type CacheEvent } from '../telemetry/channels.js';
import { computationDependency, labelDependency } from './computation-dependencies.js';
import { decodeValue, encodeValue, type EncodedValue } from './value-codec.js';

const rememberedDependencies = 10_000;

/** One call of a computed value. */
export interface Call {
  /** What tells it from every other call under the same label. */
  readonly identity: string;
  /** Runs the function; whatever it reads is tracked by the frame. */
  run(frame: DependencyFrame): Promise<unknown>;
}

/** What a run gave: the value as stored, and what it was computed from. */
interface Computed {
  readonly encoded: EncodedValue;
  readonly frame: DependencyFrame;
}

/** A valid value, with what it depends on. */
interface Valid {
  readonly value: unknown;
  readonly keys: readonly string[];
  readonly stamps: readonly string[];
  readonly entry: Entry;
}

export interface ComputationOptions {
  readonly label: string;
  readonly ttlMs: number;
  /** What every value depends on besides what it is found to read. */
  readonly dependencies: readonly string[];
}

/**
 * A labelled function whose results are kept until something changes that they were computed from. What that is is
 * found while it runs, to any depth.
 */
export class Computation {
  readonly label: string;
  readonly #cache: ModelCache;
  readonly #options: ComputationOptions;
  readonly #flights = new Flights<Computed>();
  /** What values under a key depended on lately: they are asked for together with the value. Only a hint. */
  readonly #hints = new LRUCache<string, readonly string[]>({ max: rememberedDependencies });

  constructor(cache: ModelCache, options: ComputationOptions) {
    this.#cache = cache;
    this.label = options.label;
    this.#options = options;
  }

  /** The value, from the cache if it is valid. */
  async get(call: Call): Promise<unknown> {
    const reason = this.#cache.bypassReason(true);
    if (reason !== undefined) return this.#bypass(call, reason);
    const found = await this.#lookup(call);
    if (found.state === 'bypass') return this.#bypass(call, found.reason);
    const valid = this.#validIn(call, found);
    return valid ? this.#hit(call, valid) : this.#miss(call, found.state === 'miss' ? found.stamps : []);
  }

  /** The value if it is cached and valid; nothing is computed. */
  async peek(call: Call): Promise<unknown> {
    if (this.#cache.bypassReason(true) !== undefined) return undefined;
    return this.#validIn(call, await this.#lookup(call))?.value;
  }

  /** Computes the value anew and stores it. */
  async refresh(call: Call): Promise<unknown> {
    const reason = this.#cache.bypassReason(true);
    if (reason !== undefined) return this.#bypass(call, reason);
    const stamps = await this.#cache.engine.acquire(this.#base(call));
    if (!stamps) return this.#bypass(call, 'the store failed');
    return this.#finish(await this.#compute(call, stamps));
  }

  /** What the cache would answer now, and the names of what that depends on. */
  async inspect(call: Call): Promise<{ readonly found: Found; readonly dependencies: readonly string[] }> {
    const own = [computationDependency(call.identity), labelDependency(this.label), ...this.#options.dependencies];
    const reason = this.#cache.bypassReason(true);
    if (reason !== undefined) return { found: { state: 'bypass', reason }, dependencies: own };
    const found = await this.#lookup(call);
    const entry = found.state === 'bypass' ? undefined : found.entry;
    return { found, dependencies: [...own, ...(entry?.dependencies ?? [])] };
  }

  /** What drops the value of one call. */
  dependencyOf(identity: string): string {
    return computationDependency(identity);
  }

  #base({ identity }: Call): string[] {
    const own = [computationDependency(identity), labelDependency(this.label), ...this.#options.dependencies];
    return this.#cache.stampKeys(own);
  }

  #entryKey({ identity }: Call): string {
    return this.#cache.engine.keyspace.entry('value', `${this.label} ${identity}`);
  }

  /** One command where the value still depends on what it did before, else one more. */
  async #lookup(call: Call): Promise<Found> {
    const { engine } = this.#cache;
    const key = this.#entryKey(call);
    const hinted = this.#hints.get(key) ?? [];
    const found = await engine.lookup(key, this.#keys(call, hinted));
    if (found.state !== 'miss' || found.reason !== 'invalidated') return found;
    const actual = found.entry?.dependencies ?? [];
    if (actual.length === hinted.length && actual.every((name, index) => name === hinted[index])) return this.#baseOnly(call, found);
    this.#hints.set(key, actual);
    return this.#baseOnly(call, await engine.lookup(key, this.#keys(call, actual)));
  }

  /** Of a miss only the stamps of the base are of use: what the next run depends on is not known yet. */
  #baseOnly(call: Call, found: Found): Found {
    return found.state === 'miss' ? { ...found, stamps: found.stamps.slice(0, this.#base(call).length) } : found;
  }

  #keys(call: Call, dependencies: readonly string[]): string[] {
    const { keyspace } = this.#cache.engine;
    return [...this.#base(call), ...dependencies.map((name) => keyspace.stamp(name))];
  }

  #validIn(call: Call, found: Found): Valid | undefined {
    if (found.state !== 'hit') return undefined;
    const decoded = decodeValue(found.entry.payload, found.shared);
    const keys = this.#keys(call, found.entry.dependencies ?? []);
    return decoded && { value: decoded.value, keys, stamps: found.stamps, entry: found.entry };
  }

  #hit(call: Call, { value, keys, stamps, entry }: Valid): unknown {
    const { engine } = this.#cache;
    this.#count('hit');
    currentFrame()?.record(engine, keys, stamps);
    if (entry.dependencies?.length === 0) currentFrame()?.limit(entry.expiresAt);
    if (isDueEarly(entry, engine.clock.now())) this.#refreshEarly(call, stamps.slice(0, this.#base(call).length));
    return value;
  }

  async #miss(call: Call, seen: readonly (string | undefined)[]): Promise<unknown> {
    const { engine } = this.#cache;
    const stamps = await engine.acquire(this.#base(call), seen);
    if (!stamps) return this.#bypass(call, 'the store failed');
    this.#count('miss');
    const key = this.#entryKey(call);
    let isOwn = false;
    const computed = await this.#flights.join(key, stamps, () => {
      isOwn = true;
      return this.#compute(call, stamps);
    });
    if (isOwn || (await this.#isStillValid(computed))) return this.#finish(computed);
    // NOTE: what cannot be stored cannot be shared either; everybody runs it alone instead of waiting in turn
    return computed.frame.taint === undefined ? this.get(call) : this.#finish(await this.#compute(call, stamps));
  }

  /** Whether a run that began before this caller asked may answer it: nothing it read has changed until now. */
  async #isStillValid({ frame }: Computed): Promise<boolean> {
    if (frame.taint !== undefined) return false;
    const current = await this.#cache.engine.readStamps([...frame.stamps.keys()]);
    return current !== undefined && [...frame.stamps.values()].every((stamp, index) => current[index] === stamp);
  }

  async #compute(call: Call, stamps: readonly string[]): Promise<Computed> {
    const { engine } = this.#cache;
    const frame = new DependencyFrame(engine);
    frame.record(engine, this.#base(call), stamps);
    const startedAt = engine.clock.now();
    const value = await this.#run(call, frame);
    frame.seal();
    const encoded = encodeValue(value, this.label);
    this.#store(call, { encoded, frame }, engine.clock.now() - startedAt);
    return { encoded, frame };
  }

  async #run(call: Call, frame: DependencyFrame): Promise<unknown> {
    const startedAt = performance.now();
    let failure: Error | undefined;
    try {
      return await runInFrame(frame, () => call.run(frame));
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      currentFrame()?.spoil('a computed value in it failed');
      throw error;
    } finally {
      if (computeChannel.hasSubscribers) {
        const event = { label: this.label, durationMs: performance.now() - startedAt };
        computeChannel.publish(failure ? { ...event, error: failure } : event);
      }
    }
  }

  #store(call: Call, { encoded, frame }: Computed, costMs: number): void {
    if (frame.taint !== undefined) return;
    const { engine } = this.#cache;
    const base = this.#base(call);
    const found = [...frame.stamps.keys()].filter((key) => !base.includes(key));
    const keys = [...base, ...found];
    const ttlMs = Math.min(jitteredTtl(this.#options.ttlMs), frame.expiresAt - engine.clock.now());
    if (ttlMs <= 0) return;
    if (found.length === 0) frame.limit(engine.clock.now() + ttlMs);
    const dependencies = found.map((key) => key.slice(engine.keyspace.stampPrefix.length));
    const stamps = keys.map((key) => frame.stamps.get(key) ?? '');
    const key = this.#entryKey(call);
    this.#hints.set(key, dependencies);
    engine.fill({ key, stamps, dependencies, payload: encoded, ttlMs, costMs });
    this.#count('fill');
  }

  #finish({ encoded, frame }: Computed): unknown {
    currentFrame()?.absorb(frame);
    return decodeValue(encoded, true)?.value;
  }

  #refreshEarly(call: Call, stamps: readonly string[]): void {
    // NOTE: nobody waits for it and the value is still valid: a failure costs nothing
    const compute = (): Promise<Computed> => runInFrame(undefined, () => this.#compute(call, stamps));
    this.#flights.join(this.#entryKey(call), stamps, compute).catch(() => undefined);
  }

  #bypass(call: Call, reason: string): Promise<unknown> {
    this.#count('bypass', reason);
    this.#cache.spoilFrame(reason);
    const frame = new DependencyFrame(this.#cache.engine);
    frame.spoil(reason);
    return this.#run(call, frame);
  }

  #count(outcome: CacheEvent['outcome'], reason?: string): void {
    const counters = this.#cache.statistics.of(this.label);
    const name = ({ hit: 'hits', miss: 'misses', bypass: 'bypasses', fill: 'fills' } as const)[outcome];
    counters[name] += 1;
    if (cacheChannel.hasSubscribers) {
      cacheChannel.publish(reason === undefined ? { label: this.label, outcome } : { label: this.label, outcome, reason });
    }
  }
}
