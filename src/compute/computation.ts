import { LRUCache } from 'lru-cache';
import { UsageError } from '../errors.js';
import type { Found } from '../cache/cache-engine.js';
import { currentFrame, DependencyFrame, runInFrame } from '../cache/dependency-frame.js';
import type { Entry } from '../cache/entry.js';
import { Flights } from '../cache/flights.js';
import type { Keyspace } from '../cache/keyspace.js';
import { isDueEarly, jitteredTtl, shortestTtl } from '../cache/lifetime.js';
import type { ModelCache } from '../model-cache/model-cache.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import { cacheChannel, computeChannel, type CacheEvent } from '../telemetry/channels.js';
import type { Counters } from '../telemetry/statistics.js';
import { computationDependency, labelDependency } from './computation-dependencies.js';
import { decodeValue, encodeValue, type EncodedValue } from './value-codec.js';

const rememberedPlans = 10_000;

/** One call of a computed value. */
export interface Call {
  /** What tells it from every other call under the same label. */
  readonly identity: string;
  /** Runs the function; whatever it reads is tracked by the frame. */
  run(frame: DependencyFrame): Promise<unknown>;
}

/** The keys of one call's value. Remembered, so that a hit makes none of them anew. */
interface Plan {
  readonly keyspace: Keyspace;
  readonly entryKey: string;
  /** Stamps that every value of this call depends on. */
  readonly base: readonly string[];
  /** Those, and the stamps that the value was found to depend on lately; only a hint. */
  keys: readonly string[];
}

/** What a run gave: the value as stored, and what it was computed from. */
interface Computed {
  readonly encoded: EncodedValue;
  readonly frame: DependencyFrame;
}

/** A valid value, with what it depends on. */
interface Valid {
  readonly value: unknown;
  readonly stamps: readonly string[];
  readonly entry: Entry;
}

export interface ComputationOptions {
  readonly label: string;
  /** What tells these values from those of another model that has the same label. */
  readonly fingerprint: string;
  readonly ttlMs: number;
  /** True where the ttl was declared for these values: it may stand for what cannot be seen, so what is computed from them ends with them. */
  readonly limitsOthers: boolean;
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
  readonly #counters: Counters;
  readonly #flights = new Flights<Computed>();
  /** What each run under way records in. */
  readonly #frames = new WeakMap<Promise<Computed>, DependencyFrame>();
  readonly #plans = new LRUCache<string, Plan>({ max: rememberedPlans });

  constructor(cache: ModelCache, options: ComputationOptions) {
    this.#cache = cache;
    this.label = options.label;
    this.#options = options;
    this.#counters = cache.statistics.of(options.label);
    cache.expectTtl(options.ttlMs);
  }

  /** The value, from the cache if it is valid. */
  get(call: Call): Promise<unknown> {
    const reason = this.#cache.bypassReason(true);
    if (reason !== undefined) return this.#bypass(call, reason);
    const plan = this.#plan(call);
    const found = this.#lookup(plan);
    if (isPromise(found)) return found.then((answer) => this.#use(call, plan, answer));
    return Promise.resolve(this.#use(call, plan, found));
  }

  /** The value if it is cached and valid; nothing is computed. */
  async peek(call: Call): Promise<unknown> {
    if (this.#cache.bypassReason(true) !== undefined) return undefined;
    return validIn(await this.#lookup(this.#plan(call)))?.value;
  }

  /** Computes the value anew and stores it. */
  async refresh(call: Call): Promise<unknown> {
    const reason = this.#cache.bypassReason(true);
    if (reason !== undefined) return this.#bypass(call, reason);
    const plan = this.#plan(call);
    const stamps = await this.#cache.engine.acquire(plan.base);
    if (!stamps) return this.#bypass(call, 'the store failed');
    return this.#tainting(async () => this.#finish(await this.#compute(call, plan, stamps)));
  }

  /** What the cache would answer now, and the names of what that depends on. */
  async inspect(call: Call): Promise<{ readonly found: Found; readonly dependencies: readonly string[] }> {
    const own = this.#ownDependencies(call);
    const reason = this.#cache.bypassReason(true);
    if (reason !== undefined) return { found: { state: 'bypass', reason }, dependencies: own };
    const found = await this.#lookup(this.#plan(call));
    const entry = found.state === 'bypass' ? undefined : found.entry;
    return { found, dependencies: [...own, ...(entry?.dependencies ?? [])] };
  }

  /** What drops the value of one call. */
  dependencyOf(identity: string): string {
    return computationDependency(identity);
  }

  #ownDependencies({ identity }: Call): string[] {
    return [computationDependency(identity), labelDependency(this.label), ...this.#options.dependencies];
  }

  #plan(call: Call): Plan {
    const { keyspace } = this.#cache.engine;
    const known = this.#plans.get(call.identity);
    if (known?.keyspace === keyspace) return known;
    const base = this.#cache.stampKeys(this.#ownDependencies(call));
    const entryKey = keyspace.entry('value', `${this.label} ${this.#options.fingerprint} ${call.identity}`);
    const plan: Plan = { keyspace, entryKey, base, keys: base };
    this.#plans.set(call.identity, plan);
    return plan;
  }

  /** One command where the value still depends on what it did before, else one more. */
  #lookup(plan: Plan): Awaitable<Found> {
    const { entryKey, keys } = plan;
    const found = this.#cache.engine.lookup(entryKey, keys);
    return isPromise(found)
      ? found.then((answer) => this.#lookAgain(plan, keys, answer))
      : this.#lookAgain(plan, keys, found);
  }

  #lookAgain(plan: Plan, keys: readonly string[], found: Found): Awaitable<Found> {
    if (found.state !== 'miss' || found.reason !== 'invalidated') return found;
    const actual = found.entry?.dependencies ?? [];
    const all = [...plan.base, ...actual.map((name) => plan.keyspace.stamp(name))];
    if (all.length === keys.length && all.every((key, index) => key === keys[index])) return found;
    plan.keys = all;
    return this.#cache.engine.lookup(plan.entryKey, all);
  }

  #use(call: Call, plan: Plan, found: Found): Awaitable<unknown> {
    if (found.state === 'bypass') return this.#bypass(call, found.reason);
    const valid = validIn(found);
    if (valid) return this.#hit(call, plan, valid);
    // NOTE: of a miss only the stamps of the base are of use: what the next run depends on is not known yet
    return this.#miss(call, plan, found.stamps.slice(0, plan.base.length));
  }

  #hit(call: Call, plan: Plan, { value, stamps, entry }: Valid): unknown {
    const { engine } = this.#cache;
    this.#count('hit');
    const frame = currentFrame();
    if (frame) {
      const found = (entry.dependencies ?? []).map((name) => plan.keyspace.stamp(name));
      frame.record(engine, [...plan.base, ...found], stamps);
      if (this.#limitsOthers(found.length, entry.expiresAt - entry.createdAt)) frame.limit(entry.expiresAt);
    }
    if (isDueEarly(entry, engine.clock.now())) this.#refreshEarly(call, plan, stamps.slice(0, plan.base.length));
    return value;
  }

  /** Whether what is computed from a value must end with it. One that lives shorter than its ttl was limited itself. */
  #limitsOthers(dependencies: number, lifeMs: number): boolean {
    const { limitsOthers, ttlMs } = this.#options;
    return limitsOthers || dependencies === 0 || lifeMs < shortestTtl(ttlMs);
  }

  async #miss(call: Call, plan: Plan, seen: readonly (string | undefined)[]): Promise<unknown> {
    const stamps = await this.#cache.engine.acquire(plan.base, seen);
    if (!stamps) return this.#bypass(call, 'the store failed');
    this.#count('miss');
    return this.#tainting(() => this.#join(call, plan, stamps));
  }

  /** A computation around this one that goes on although this one failed must not be stored: the failure may pass. */
  async #tainting<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      this.#cache.spoilFrame('a computed value in it failed');
      throw error;
    }
  }

  async #join(call: Call, plan: Plan, stamps: readonly string[]): Promise<unknown> {
    if (currentFrame()?.isComputing(this.#cache.engine, plan.entryKey)) throw this.#endless();
    let isOwn = false;
    const flight = this.#flights.join(plan.entryKey, stamps, () => {
      isOwn = true;
      return this.#compute(call, plan, stamps);
    });
    const computed = await (isOwn ? flight : this.#waitFor(flight));
    if (isOwn || (await this.#isStillValid(computed))) return this.#finish(computed);
    // NOTE: what cannot be stored cannot be shared either; everybody runs it alone instead of waiting in turn
    return computed.frame.taint === undefined ? this.get(call) : this.#finish(await this.#compute(call, plan, stamps));
  }

  /** Waits for a run that somebody else began, unless that one waits for this caller. */
  #waitFor(flight: Promise<Computed>): Promise<Computed> {
    const own = currentFrame();
    const other = this.#frames.get(flight);
    if (!own || !other) return flight;
    if (other.waitsFor(own)) throw this.#endless();
    return own.awaiting(other, flight);
  }

  #endless(): UsageError {
    return new UsageError(
      `${this.label}: the value is computed from itself, for the same arguments; it would never end`,
    );
  }

  /** Whether a run that began before this caller asked may answer it: nothing it read has changed until now. */
  async #isStillValid({ frame }: Computed): Promise<boolean> {
    if (frame.taint !== undefined) return false;
    const current = await this.#cache.engine.readStamps([...frame.stamps.keys()]);
    return current !== undefined && [...frame.stamps.values()].every((stamp, index) => current[index] === stamp);
  }

  #compute(call: Call, plan: Plan, stamps: readonly string[]): Promise<Computed> {
    const frame = new DependencyFrame(this.#cache.engine, { entryKey: plan.entryKey, outer: currentFrame() });
    const running = this.#computeIn(frame, { call, plan, stamps });
    this.#frames.set(running, frame);
    return running;
  }

  async #computeIn(
    frame: DependencyFrame,
    { call, plan, stamps }: { call: Call; plan: Plan; stamps: readonly string[] },
  ): Promise<Computed> {
    const { engine } = this.#cache;
    frame.record(engine, plan.base, stamps);
    const startedAt = engine.clock.now();
    const value = await this.#run(call, frame);
    const encoded = encodeValue(value, this.label); // NOTE: before sealing, since encoding an instance reads its columns
    frame.seal();
    this.#store(plan, { encoded, frame }, engine.clock.now() - startedAt);
    return { encoded, frame };
  }

  async #run(call: Call, frame: DependencyFrame): Promise<unknown> {
    const startedAt = performance.now();
    let failure: Error | undefined;
    try {
      return await runInFrame(frame, () => call.run(frame));
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      if (computeChannel.hasSubscribers) {
        const event = { label: this.label, durationMs: performance.now() - startedAt };
        computeChannel.publish(failure ? { ...event, error: failure } : event);
      }
    }
  }

  #store(plan: Plan, { encoded, frame }: Computed, costMs: number): void {
    if (frame.taint !== undefined) return;
    const { engine } = this.#cache;
    const found = [...frame.stamps.keys()].filter((key) => !plan.base.includes(key));
    const keys = [...plan.base, ...found];
    const ttlMs = Math.min(jitteredTtl(this.#options.ttlMs), frame.expiresAt - engine.clock.now());
    if (ttlMs <= 0) return;
    if (this.#limitsOthers(found.length, ttlMs)) frame.limit(engine.clock.now() + ttlMs);
    const dependencies = found.map((key) => key.slice(plan.keyspace.stampPrefix.length));
    const stamps = keys.map((key) => frame.stamps.get(key) ?? '');
    plan.keys = keys;
    engine.fill({ key: plan.entryKey, stamps, dependencies, payload: encoded, ttlMs, costMs });
    this.#count('fill');
  }

  #finish({ encoded, frame }: Computed): unknown {
    currentFrame()?.absorb(frame);
    return decodeValue(encoded, true)?.value;
  }

  #refreshEarly(call: Call, plan: Plan, stamps: readonly string[]): void {
    // NOTE: nobody waits for it and the value is still valid: a failure costs nothing
    const compute = (): Promise<Computed> => runInFrame(undefined, () => this.#compute(call, plan, stamps));
    this.#flights.join(plan.entryKey, stamps, compute).catch(() => undefined);
  }

  #bypass(call: Call, reason: string): Promise<unknown> {
    this.#count('bypass', reason);
    this.#cache.spoilFrame(reason);
    const frame = new DependencyFrame(this.#cache.engine, { outer: currentFrame() });
    frame.spoil(reason);
    return this.#run(call, frame);
  }

  #count(outcome: CacheEvent['outcome'], reason?: string): void {
    const name = ({ hit: 'hits', miss: 'misses', bypass: 'bypasses', fill: 'fills' } as const)[outcome];
    this.#counters[name] += 1;
    if (!cacheChannel.hasSubscribers) return;
    cacheChannel.publish(
      reason === undefined ? { label: this.label, outcome } : { label: this.label, outcome, reason },
    );
  }
}

function validIn(found: Found): Valid | undefined {
  if (found.state !== 'hit') return undefined;
  const decoded = decodeValue(found.entry.payload, found.shared);
  return decoded && { value: decoded.value, stamps: found.stamps, entry: found.entry };
}
