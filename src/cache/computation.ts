import { UsageError } from '../errors.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import { cacheChannel, type CacheEvent } from '../telemetry/channels.js';
import type { Counters } from '../telemetry/statistics.js';
import type { CacheEngine, Found } from './cache-engine.js';
import { currentFrame, DependencyFrame, runInFrame } from './dependency-frame.js';
import type { Entry } from './entry.js';
import { Flights } from './flights.js';
import { isDueEarly, jitteredTtl, shortestTtl } from './lifetime.js';
import { Plans, type Plan, type Planned } from './plans.js';

/** One call of a computation. Its identity tells it from every other call under the same label. */
export interface Call<T> extends Planned {
  /** Makes the value; whatever it reads is tracked by the frame. */
  run(frame: DependencyFrame): Promise<T>;
}

/** A value as it is stored, and back. */
export interface Codec<T> {
  /** The JSON-safe payload. Throws UsageError for what cannot be kept. */
  encode(value: T): unknown;
  /** The value in a payload, one of its own for each call where it is `shared`; undefined for what `encode` did not write. */
  decode(payload: unknown, shared: boolean): { readonly value: T } | undefined;
}

/** What a computation is part of. */
export interface ComputationHost {
  readonly engine: CacheEngine;
  readonly counters: Counters;
  /** Why nothing may be read from the cache or stored in it now; undefined where it may. */
  bypassReason(): string | undefined;
}

/** What a run gave: the value as stored, and what it was made from. */
interface Computed {
  readonly payload: unknown;
  readonly frame: DependencyFrame;
}

/** A valid value, with what it depends on. */
interface Valid<T> {
  readonly value: T;
  readonly stamps: readonly string[];
  readonly entry: Entry;
}

export interface ComputationOptions<T> {
  readonly label: string;
  /** What kind of values these are, as part of their keys. */
  readonly family: string;
  /** What tells these values from all others of the family. */
  readonly owner: string;
  readonly ttlMs: number;
  /** True where the ttl was declared for these values: it may stand for what cannot be seen, so what is computed from them ends with them. */
  readonly limitsOthers: boolean;
  readonly codec: Codec<T>;
}

/**
 * A labelled function whose results are kept until something changes that they were made from. What that is is found
 * while it runs, to any depth.
 */
export class Computation<T> {
  readonly label: string;
  readonly #host: ComputationHost;
  readonly #engine: CacheEngine;
  readonly #options: ComputationOptions<T>;
  readonly #flights = new Flights<Computed>();
  /** What each run under way records in. */
  readonly #frames = new WeakMap<Promise<Computed>, DependencyFrame>();
  readonly #plans: Plans;

  constructor(host: ComputationHost, options: ComputationOptions<T>) {
    this.#host = host;
    this.#engine = host.engine;
    this.label = options.label;
    this.#options = options;
    this.#plans = new Plans(options.family, options.owner);
  }

  /** The value, from the cache if it is valid. */
  get(call: Call<T>): Promise<T> {
    const reason = this.#host.bypassReason();
    if (reason !== undefined) return this.#bypass(call, reason);
    const plan = this.#plan(call);
    const found = this.#lookup(plan);
    if (isPromise(found)) return found.then((answer) => this.#use(call, plan, answer));
    return Promise.resolve(this.#use(call, plan, found));
  }

  /** The value if it is cached and valid; nothing is computed. */
  async peek(call: Call<T>): Promise<T | undefined> {
    if (this.#host.bypassReason() !== undefined) return undefined;
    return this.#validIn(await this.#lookup(this.#plan(call)))?.value;
  }

  /** Computes the value anew and stores it. */
  async refresh(call: Call<T>): Promise<T> {
    const reason = this.#host.bypassReason();
    if (reason !== undefined) return this.#bypass(call, reason);
    const plan = this.#plan(call);
    const stamps = await this.#engine.acquire(plan.base);
    if (!stamps) return this.#bypass(call, 'the store failed');
    return this.#tainting(async () => this.#finish(await this.#compute(call, plan, stamps)));
  }

  /** What the cache would answer now, and the names of what that depends on. */
  async inspect(call: Call<T>): Promise<{ readonly found: Found; readonly dependencies: readonly string[] }> {
    const own = call.dependencies();
    const reason = this.#host.bypassReason();
    if (reason !== undefined) return { found: { state: 'bypass', reason }, dependencies: own };
    const found = await this.#lookup(this.#plan(call));
    const entry = found.state === 'bypass' ? undefined : found.entry;
    return { found, dependencies: [...own, ...(entry?.dependencies ?? [])] };
  }

  #plan(call: Call<T>): Plan {
    return this.#plans.of(call, this.#engine.keyspace);
  }

  /** One command where the value still depends on what it did before, else one more. */
  #lookup(plan: Plan): Awaitable<Found> {
    const { entryKey, keys } = plan;
    const found = this.#engine.lookup(entryKey, keys);
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
    return this.#engine.lookup(plan.entryKey, all);
  }

  #use(call: Call<T>, plan: Plan, found: Found): Awaitable<T> {
    if (found.state === 'bypass') return this.#bypass(call, found.reason);
    const valid = this.#validIn(found);
    if (valid) return this.#hit(call, plan, valid);
    // NOTE: of a miss only the stamps of the base are of use: what the next run depends on is not known yet
    return this.#miss(call, plan, found.stamps.slice(0, plan.base.length));
  }

  #validIn(found: Found): Valid<T> | undefined {
    if (found.state !== 'hit') return undefined;
    const decoded = this.#options.codec.decode(found.entry.payload, found.shared);
    return decoded && { value: decoded.value, stamps: found.stamps, entry: found.entry };
  }

  #hit(call: Call<T>, plan: Plan, { value, stamps, entry }: Valid<T>): T {
    this.#count('hit');
    const frame = currentFrame();
    if (frame) {
      const found = (entry.dependencies ?? []).map((name) => plan.keyspace.stamp(name));
      frame.record(this.#engine, [...plan.base, ...found], stamps);
      if (this.#limitsOthers(found.length, entry.expiresAt - entry.createdAt)) frame.limit(entry.expiresAt);
    }
    if (isDueEarly(entry, this.#engine.clock.now())) this.#refreshEarly(call, plan, stamps.slice(0, plan.base.length));
    return value;
  }

  /** Whether what is computed from a value must end with it. One that lives shorter than its ttl was limited itself. */
  #limitsOthers(dependencies: number, lifeMs: number): boolean {
    const { limitsOthers, ttlMs } = this.#options;
    return limitsOthers || dependencies === 0 || lifeMs < shortestTtl(ttlMs);
  }

  async #miss(call: Call<T>, plan: Plan, seen: readonly (string | undefined)[]): Promise<T> {
    const stamps = await this.#engine.acquire(plan.base, seen);
    if (!stamps) return this.#bypass(call, 'the store failed');
    this.#count('miss');
    return this.#tainting(() => this.#join(call, plan, stamps));
  }

  /** A computation around this one that goes on although this one failed must not be stored: the failure may pass. */
  async #tainting(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      currentFrame()?.spoil('a computed value in it failed');
      throw error;
    }
  }

  async #join(call: Call<T>, plan: Plan, stamps: readonly string[]): Promise<T> {
    if (currentFrame()?.isComputing(this.#engine, plan.entryKey)) throw this.#endless();
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
    const current = await this.#engine.readStamps([...frame.stamps.keys()]);
    return current !== undefined && [...frame.stamps.values()].every((stamp, index) => current[index] === stamp);
  }

  #compute(call: Call<T>, plan: Plan, stamps: readonly string[]): Promise<Computed> {
    const frame = new DependencyFrame(this.#engine, { entryKey: plan.entryKey, outer: currentFrame() });
    const running = this.#computeIn(frame, { call, plan, stamps });
    this.#frames.set(running, frame);
    return running;
  }

  async #computeIn(
    frame: DependencyFrame,
    { call, plan, stamps }: { call: Call<T>; plan: Plan; stamps: readonly string[] },
  ): Promise<Computed> {
    const { clock } = this.#engine;
    frame.record(this.#engine, plan.base, stamps);
    const startedAt = clock.now();
    const value = await runInFrame(frame, () => call.run(frame));
    const payload = this.#options.codec.encode(value); // NOTE: before sealing, since encoding an instance reads its columns
    frame.seal();
    this.#store(plan, { payload, frame }, clock.now() - startedAt);
    return { payload, frame };
  }

  #store(plan: Plan, { payload, frame }: Computed, costMs: number): void {
    if (frame.taint !== undefined) return;
    const engine = this.#engine;
    const found = [...frame.stamps.keys()].filter((key) => !plan.base.includes(key));
    const keys = [...plan.base, ...found];
    const ttlMs = Math.min(jitteredTtl(this.#options.ttlMs), frame.expiresAt - engine.clock.now());
    if (ttlMs <= 0) return;
    if (this.#limitsOthers(found.length, ttlMs)) frame.limit(engine.clock.now() + ttlMs);
    const dependencies = found.map((key) => key.slice(plan.keyspace.stampPrefix.length));
    const stamps = keys.map((key) => frame.stamps.get(key) ?? '');
    plan.keys = keys;
    engine.fill({ key: plan.entryKey, stamps, dependencies, payload, ttlMs, costMs });
    this.#count('fill');
  }

  #finish({ payload, frame }: Computed): T {
    currentFrame()?.absorb(frame);
    const decoded = this.#options.codec.decode(payload, true);
    if (!decoded) throw new TypeError(`${this.label}: a value that was just encoded cannot be decoded`);
    return decoded.value;
  }

  #refreshEarly(call: Call<T>, plan: Plan, stamps: readonly string[]): void {
    // NOTE: nobody waits for it and the value is still valid: a failure costs nothing
    const compute = (): Promise<Computed> => runInFrame(undefined, () => this.#compute(call, plan, stamps));
    this.#flights.join(plan.entryKey, stamps, compute).catch(() => undefined);
  }

  #bypass(call: Call<T>, reason: string): Promise<T> {
    this.#count('bypass', reason);
    currentFrame()?.spoil(reason);
    const frame = new DependencyFrame(this.#engine, { outer: currentFrame() });
    frame.spoil(reason);
    return runInFrame(frame, () => call.run(frame));
  }

  #count(outcome: CacheEvent['outcome'], reason?: string): void {
    const name = ({ hit: 'hits', miss: 'misses', bypass: 'bypasses', fill: 'fills' } as const)[outcome];
    this.#host.counters[name] += 1;
    if (!cacheChannel.hasSubscribers) return;
    cacheChannel.publish(
      reason === undefined ? { label: this.label, outcome } : { label: this.label, outcome, reason },
    );
  }
}
