import { UsageError } from '../errors.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import { cacheChannel, type CacheEvent } from '../telemetry/channels.js';
import type { Address } from './address.js';
import { AnswerCheck } from './answer-check.js';
import { Answers, type Answer } from './answers.js';
import type { CacheEngine } from './cache-engine.js';
import type { Call, ComputationHost, Held } from './call.js';
import type { ComputationOptions } from './computation-options.js';
import type { Found } from './found.js';
import { currentFrame, DependencyFrame, runInFrame } from './dependency-frame.js';
import { Flights } from './flights.js';
import { errorIn } from './kept-error.js';
import { LoadLock, type LockOptions } from './load-lock.js';
import { countHit, hitsOf, Plans, useKeys, type Plan } from './plans.js';
import { isAnother, Renewals } from './renewals.js';
import { isMistake, Runner, type Computed, type Work } from './run.js';

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
  readonly #runner: Runner<T>;
  readonly #answers: Answers<T>;
  readonly #lock: LoadLock | undefined;
  readonly #check: AnswerCheck<T> | undefined;
  readonly #renewals: Renewals<T>;

  constructor(host: ComputationHost, options: ComputationOptions<T>) {
    this.#host = host;
    this.#engine = host.engine;
    this.label = options.label;
    this.#options = options;
    this.#plans = new Plans(options.family, options.owner);
    this.#runner = new Runner(host, options, (isKept) =>
      isKept ? this.#count('fill') : (this.#host.counters.tooLarge += 1),
    );
    this.#answers = new Answers(host.engine, options);
    this.#lock = options.lock && new LoadLock(host.engine, options.lock);
    this.#check = host.drift && new AnswerCheck(host.drift, options, this.#runner);
    this.#renewals = new Renewals({
      host,
      lock: this.#lock,
      lookup: (plan) => this.#lookup(plan, (each) => each),
      make: (work) => this.#flights.join(work.plan.entryKey, work.stamps, () => this.#run(work)),
    });
  }

  /** The value, from the cache if it is valid. */
  get(call: Call<T>): Promise<T> {
    const reason = this.#host.bypassReason();
    if (reason !== undefined) return this.bypass(call, reason);
    const plan = this.#plan(call);
    return Promise.resolve(this.#lookup(plan, (found) => this.#use(call, plan, found)));
  }

  /** The values of many calls in their order, looked for as one operation. */
  async getMany(calls: readonly Call<T>[]): Promise<T[]> {
    const reason = this.#host.bypassReason();
    if (reason !== undefined) return Promise.all(calls.map((call) => this.bypass(call, reason)));
    const asked = calls.map((call) => ({ call, plan: this.#plan(call) }));
    const addresses = asked.map(({ plan }) => addressOf(plan));
    const found = await this.#engine.lookupAll(addresses);
    const answers = asked.map(({ call, plan }, index) => {
      const latest = this.#lookAgain(plan, addresses[index]?.stampKeys ?? [], found[index] as Found); // they are aligned
      return isPromise(latest) ? latest.then((each) => this.#use(call, plan, each)) : this.#use(call, plan, latest);
    });
    return answers.some(isPromise) ? Promise.all(answers) : (answers as T[]); // as just seen
  }

  /** The value if it is cached and valid; nothing is computed. */
  async peek(call: Call<T>): Promise<T | undefined> {
    if (this.#host.bypassReason() !== undefined) return undefined;
    return this.#answers.validIn(await this.#lookup(this.#plan(call), (each) => each))?.value;
  }

  /** Computes the value anew and stores it. */
  async refresh(call: Call<T>): Promise<T> {
    const reason = this.#host.bypassReason();
    if (reason !== undefined) return this.bypass(call, reason);
    const plan = this.#plan(call);
    const stamps = await this.#engine.acquire(plan.base);
    if (!stamps) return this.bypass(call, 'the store failed');
    return this.#tainting(async () => this.#finish(await this.#run({ call, plan, stamps })));
  }

  /**
   * Makes the value anew and stores it, unless a valid one is there in place of the one that was made then, and is not past
   * its soft life: what was asked for twice is done once.
   */
  async renew(call: Call<T>, madeAt = 0): Promise<void> {
    if (this.#host.bypassReason() !== undefined) return;
    const plan = this.#plan(call);
    const found = await this.#lookup(plan, (each) => each);
    if (found.state === 'bypass') return;
    const entry = found.state === 'hit' ? found.entry : undefined;
    if (entry && isAnother(entry, madeAt) && !this.#answers.isSoftlyExpired(entry)) return;
    await runInFrame(undefined, () => this.#renewals.now({ call, plan, madeAt: entry?.createdAt ?? 0 }));
  }

  /** Stores a value that was made elsewhere, as if the call had given it without reading anything. */
  async set(call: Call<T>, value: T): Promise<void> {
    const payload = this.#options.codec.encode(value);
    if (this.#host.bypassReason() !== undefined) return;
    const plan = this.#plan(call);
    const stamps = await this.#engine.acquire(plan.base);
    if (!stamps) return;
    const frame = new DependencyFrame(this.#engine);
    frame.record(this.#engine, plan.base, stamps);
    this.#runner.store(plan, { payload, frame }, { call, costMs: 0, ttlMs: this.#options.ttlMs });
    await this.#engine.port.written();
  }

  /** What a call would be answered from the cache, with its facts; undefined where it would be computed. */
  async held(call: Call<T>): Promise<Held<T> | undefined> {
    if (this.#host.bypassReason() !== undefined) return undefined;
    const plan = this.#plan(call);
    const found = await this.#lookup(plan, (each) => each);
    const valid = this.#answers.validIn(found);
    const held = valid ?? this.#answers.outdatedIn(plan, found);
    if (!held) return undefined;
    const { value, entry } = held;
    return {
      value,
      entry,
      hits: hitsOf(plan, entry.createdAt),
      bytes: found.state === 'hit' ? found.bytes : undefined,
      stale: !valid || this.#answers.isSoftlyExpired(entry),
      dependencies: [...call.dependencies(), ...(entry.dependencies ?? [])],
    };
  }

  /** What the cache would answer now, and the names of what that depends on. */
  async inspect(call: Call<T>): Promise<{ readonly found: Found; readonly dependencies: readonly string[] }> {
    const own = call.dependencies();
    const reason = this.#host.bypassReason();
    if (reason !== undefined) return { found: { state: 'bypass', reason }, dependencies: own };
    const found = await this.#lookup(this.#plan(call), (each) => each);
    const entry = found.state === 'bypass' ? undefined : found.entry;
    return { found, dependencies: [...own, ...(entry?.dependencies ?? [])] };
  }

  /** The key of a call's entry. */
  entryKey(call: Call<T>): string {
    return this.#plan(call).entryKey;
  }

  /** Computes the value past the cache, for this reason. */
  bypass(call: Pick<Call<T>, 'run'>, reason: string): Promise<T> {
    this.#count('bypass', reason);
    return this.#runner.runUnstored(call, reason);
  }

  #plan(call: Call<T>): Plan {
    return this.#plans.of(call, this.#engine.keyspace);
  }

  /** One command where the value still depends on what it did before, else one more. */
  #lookup<R>(plan: Plan, use: (found: Found) => Awaitable<R>): Awaitable<R> {
    const { entryKey, keys } = plan;
    const useLatest = (first: Found): Awaitable<R> => {
      const found = this.#lookAgain(plan, keys.stampKeys, first);
      return isPromise(found) ? found.then(use) : use(found);
    };
    const first = this.#engine.lookup(entryKey, keys.stampKeys, keys);
    return isPromise(first) ? first.then(useLatest) : useLatest(first);
  }

  #lookAgain(plan: Plan, keys: readonly string[], found: Found): Awaitable<Found> {
    if (found.state !== 'miss' || found.reason !== 'invalidated') return found;
    const actual = found.entry?.dependencies ?? [];
    const all = [...plan.base, ...actual.map((name) => plan.keyspace.stamp(name))];
    if (all.length === keys.length && all.every((key, index) => key === keys[index])) return found;
    useKeys(plan, all);
    return this.#engine.lookup(plan.entryKey, all, plan.keys);
  }

  #use(call: Call<T>, plan: Plan, found: Found): Awaitable<T> {
    if (found.state === 'bypass') return this.bypass(call, found.reason);
    const valid = this.#answers.validIn(found);
    if (valid) return this.#check ? this.#checked(call, plan, valid) : this.#hit(call, plan, valid);
    const failure = found.state === 'hit' ? errorIn(found.entry.payload) : undefined;
    if (failure) return this.#failAgain(call, failure);
    const outdated = this.#answers.outdatedIn(plan, found);
    if (outdated) return this.#serveOutdated(call, plan, outdated);
    // NOTE: of a miss only the stamps of the base are of use: what the next run depends on is not known yet
    return this.#miss(call, plan, found.stamps.slice(0, plan.base.length));
  }

  #serveOutdated(call: Call<T>, plan: Plan, { value, entry }: Answer<T>): T {
    this.#count('hit', 'stale');
    countHit(plan, entry);
    call.onHit?.();
    this.#renewals.behind({ call, plan, madeAt: entry.createdAt });
    return value;
  }

  #failAgain(call: Call<T>, failure: Error): Promise<never> {
    this.#count('hit');
    call.onHit?.();
    return this.#tainting(() => Promise.reject(failure));
  }

  #hit(call: Call<T>, plan: Plan, answer: Answer<T>): T {
    const { value, entry } = answer;
    this.#count('hit');
    countHit(plan, entry);
    call.onHit?.();
    const frame = currentFrame();
    if (frame) this.#answers.note(frame, plan, entry);
    if (this.#options.staleForMs !== undefined) plan.currentAt = this.#engine.clock.now();
    if (this.#answers.isDue(entry)) {
      const seen = entry.stamps.slice(0, plan.base.length);
      this.#renewals.behind({ call, plan, madeAt: entry.createdAt, seen });
    }
    return value;
  }

  /** The same, compared with the database where that is asked for. */
  #checked(call: Call<T>, plan: Plan, answer: Answer<T>): Awaitable<T> {
    const value = this.#hit(call, plan, answer);
    const checked = this.#check?.check(call, plan, answer);
    return checked ? checked.then(() => value) : value;
  }

  async #miss(call: Call<T>, plan: Plan, seen: readonly (string | undefined)[]): Promise<T> {
    const stamps = await this.#engine.acquire(plan.base, seen);
    if (!stamps) return this.bypass(call, 'the store failed');
    this.#count('miss');
    call.onMiss?.();
    return this.#tainting(() => this.#join({ call, plan, stamps }));
  }

  /** A computation around this one that goes on although this one failed must not be stored: the failure may pass. */
  async #tainting<R>(task: () => Promise<R>): Promise<R> {
    try {
      return await task();
    } catch (error) {
      currentFrame()?.spoil('a computed value in it failed');
      throw error;
    }
  }

  /** `isAgain`: the run that was under way when the caller asked has failed, so whichever is now began after that. */
  async #join(work: Work<T>, isAgain = false): Promise<T> {
    const { call, plan, stamps } = work;
    if (currentFrame()?.isComputing(this.#engine, plan.entryKey)) throw this.#endless();
    let isOwn = false;
    const flight = this.#flights.join(plan.entryKey, stamps, () => {
      isOwn = true;
      return this.#run(work, this.#lock);
    });
    if (isOwn) return this.#finish(await flight);
    const shared = await this.#outcomeOf(flight, isAgain);
    if (shared === undefined) return this.#joinAgain(work);
    if (await this.#isStillValid(shared.frame)) return this.#finish(shared);
    // NOTE: what cannot be stored cannot be shared either; everybody runs it alone instead of waiting in turn
    return shared.frame.taint === undefined ? this.get(call) : this.#finish(await this.#run(work));
  }

  /**
   * What a run gave that somebody else began. Undefined where it failed by something that it read, perhaps before a write
   * that was acknowledged when the caller asked. Rejects where the caller's own run would fail as well.
   */
  async #outcomeOf(flight: Promise<Computed>, isAgain: boolean): Promise<Computed | undefined> {
    const frame = this.#frames.get(flight);
    try {
      return await this.#waitFor(flight);
    } catch (error) {
      if (isAgain || isMistake(error) || (frame && (await this.#isStillValid(frame)))) throw error;
      return undefined;
    }
  }

  async #joinAgain({ call, plan }: Work<T>): Promise<T> {
    const stamps = await this.#engine.acquire(plan.base);
    return stamps ? this.#join({ call, plan, stamps }, true) : this.bypass(call, 'the store failed');
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
  async #isStillValid(frame: DependencyFrame): Promise<boolean> {
    if (frame.taint !== undefined) return false;
    const current = await this.#engine.readStamps([...frame.stamps.keys()]);
    return current !== undefined && [...frame.stamps.values()].every((stamp, index) => current[index] === stamp);
  }

  #run(work: Work<T>, lock?: LoadLock): Promise<Computed> {
    const frame = this.#runner.frameFor(work.plan);
    const running = lock ? this.#runAlone(work, frame, lock) : this.#runner.run(work, frame);
    this.#frames.set(running, frame);
    return running;
  }

  /** Runs it if no other process does, else waits for the value of the one that does; one after the other takes over from the dead. */
  async #runAlone(work: Work<T>, frame: DependencyFrame, lock: LoadLock): Promise<Computed> {
    const { clock } = this.#engine;
    const { waitMs, pollMs } = this.#options.lock as LockOptions; // there is a lock
    const deadline = clock.now() + waitMs;
    for (;;) {
      const held = await lock.take(work.plan.entryKey);
      if (held === 'broken') return this.#runner.run(work, frame);
      // NOTE: after the lock was taken, since the one before may have stored the value in between
      const found = this.#answers.computedIn(work.plan, await this.#lookup(work.plan, (each) => each));
      if (held) {
        const computed = found ? Promise.resolve(found) : this.#runner.run(work, frame);
        return computed.finally(() => void held.release());
      }
      if (found) return found;
      if (clock.now() >= deadline) return this.#runner.run(work, frame);
      await new Promise<void>((resolve) => clock.schedule(pollMs, resolve));
    }
  }

  #finish({ payload, frame, failure }: Computed): T {
    currentFrame()?.absorb(frame);
    if (failure) throw failure.error;
    const decoded = this.#options.codec.decode(payload, true);
    if (!decoded) throw new UsageError(`${this.label}: its codec cannot decode what it has just encoded`);
    return decoded.value;
  }

  #count(outcome: CacheEvent['outcome'], reason?: string): void {
    this.#host.counters[counterOf[outcome]] += 1;
    if (!cacheChannel.hasSubscribers) return;
    cacheChannel.publish(
      reason === undefined ? { label: this.label, outcome } : { label: this.label, outcome, reason },
    );
  }
}

const counterOf = { hit: 'hits', miss: 'misses', bypass: 'bypasses', fill: 'fills' } as const;

function addressOf({ entryKey, keys: { id: listId, stampKeys } }: Plan): Address {
  return { key: entryKey, stampKeys, prefix: '', id: undefined, listId };
}
