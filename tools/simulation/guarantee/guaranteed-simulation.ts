import { Driver } from '../driver.js';
import { History } from '../history.js';
import type { Mutant } from '../mutants.js';
import type { Realm } from '../process.js';
import type { RunResult } from '../run-result.js';
import { Scheduler } from '../scheduler.js';
import { SimulatedClock } from '../simulated-clock.js';
import { SimulatedDatabase } from '../simulated-database.js';
import { simulatedKnex, type Route } from '../simulated-postgres.js';
import { Client, ids, parts, type Stage } from '../workload.js';
import { CaptureTables } from './capture-tables.js';
import { Fate } from './fate.js';
import type { GuaranteedWeather } from './guaranteed-weathers.js';
import { Life } from './life.js';
import { PlainClient } from './plain-client.js';
import { SimulatedRedisClient } from './redis-client.js';
import { RedisFleet } from './redis-fleet.js';
import type { RedisWorld } from './redis-line.js';

type Database = Awaited<ReturnType<Realm['connect']>>;

/** A process: what it has loaded, the life that it has now, and its connection. */
interface Process {
  readonly index: number;
  readonly realm: Realm;
  life: Life;
  db: Database | undefined;
}

export interface GuaranteedOptions {
  readonly seed: number;
  readonly steps: number;
  readonly weather: GuaranteedWeather;
  readonly mutant?: Mutant | undefined;
  readonly isDetailed?: boolean;
}

const windowMs = 500;
const turnMs = 3 * windowMs;
const clientsEach = 2;
const oneIsSlow = 40;
/** So long after the last fault the gate is open, however much is written: backoffs end, and it is taken over once more. */
const calmMs = 6_000;
/** So many times everything is read in the end, until all of it comes from the cache. */
const mostRounds = 6;

/** One run at a level above `plain`: processes that die, a Redis that is replaced, and somebody who writes past the library. */
export class GuaranteedSimulation {
  readonly #options: GuaranteedOptions;
  readonly #scheduler: Scheduler;
  readonly #clock = new SimulatedClock();
  readonly #database: SimulatedDatabase;
  readonly #history: History;
  readonly #route: Route;
  readonly #fleet: RedisFleet;
  readonly #redis: RedisWorld;
  readonly #fate: Fate;
  readonly #driver: Driver;
  readonly #processes: readonly Process[];
  /** Who goes on after the next write past the library. */
  readonly #whenWrittenPast: (() => void)[] = [];
  #value = 0;
  #hits = 0;

  constructor(options: GuaranteedOptions, realms: readonly Realm[]) {
    const { weather, seed, isDetailed = false } = options;
    this.#options = options;
    this.#scheduler = new Scheduler(seed, isDetailed, oneIsSlow);
    const [clock, scheduler] = [this.#clock, this.#scheduler];
    const { random } = scheduler;
    const [first] = realms;
    if (!first) throw new RangeError('a simulation needs a process');
    const tables = new CaptureTables(first.triggerFacts());
    options.mutant?.changeTables?.(tables);
    const now = (): number => clock.now();
    this.#database = new SimulatedDatabase(now, tables);
    this.#history = new History(this.#database, realms.length, {
      latestMs: (weather.lateWindows ?? 1) * windowMs,
      isLate: weather.lateWindows !== undefined,
      isExcused: (index) => weather.lateWindows !== undefined && this.#processes[index]?.life.wasIdle === true,
      isStrict: weather.level === 'strict',
      now,
    });
    this.#route = { database: this.#database, scheduler, lostAnswers: 0, lostRequests: 0 };
    this.#fleet = new RedisFleet(clock, random);
    this.#redis = { scheduler, windowMs, losses: 0 };
    this.#processes = realms.map((realm, index) => ({ realm, index, life: this.#birth(index), db: undefined }));
    const { violations } = this.#history;
    this.#fate = new Fate({
      random,
      clock,
      fleet: this.#fleet,
      windowMs,
      faults: weather.faults,
      isStrict: weather.level === 'strict',
      lives: () => this.#processes.map(({ life }) => life),
      note: (what) => scheduler.note(what),
    });
    this.#driver = new Driver({
      scheduler,
      clock,
      violations,
      pace: { oneIn: 12, someTime: () => random.below(scheduler.oneIsSlow > 0 ? 12 : 24) },
    });
  }

  async run(): Promise<RunResult> {
    try {
      await this.#runAll();
    } finally {
      for (const { realm } of this.#processes) {
        for (const place of Object.keys(realm.pauses)) Reflect.deleteProperty(realm.pauses, place);
      }
    }
    const { reads, writes, violations } = this.#history;
    const { steps, hash } = this.#scheduler;
    const { noticedAfter, trail } = this.#driver;
    return { steps, reads, writes, hits: this.#hits, hash, violations, noticedAfter, trail };
  }

  async #runAll(): Promise<void> {
    const { weather, steps } = this.#options;
    const lived = Promise.all(this.#processes.map((process) => this.#runProcess(process)));
    const written = weather.hasPlainSql ? this.#plainClient().run() : Promise.resolve();
    while (this.#processes.some(({ db }) => !db)) await this.#driver.forSteps(10);
    this.#route.lostAnswers = weather.lostStatements / 2;
    this.#route.lostRequests = weather.lostStatements / 2;
    this.#redis.losses = weather.losses;
    this.#fate.begin();
    await this.#driver.forSteps(steps);
    this.#calmDown();
    await this.#driver.forTime(calmMs);
    if (this.#history.violations.length === 0) this.#judgeGate();
    this.#driver.isOpen = false;
    await this.#driver.until(Promise.all([lived, written]), Infinity);
    await this.#readAll();
    const closed = Promise.all(this.#processes.flatMap(({ db }) => db?.close() ?? []));
    // NOTE: a run ends as soon as a promise is broken, in whatever weather; what cannot be dropped then is no news
    const ended = this.#history.violations.length > 0 ? closed.catch(() => undefined) : closed;
    await this.#driver.until(ended, Infinity);
  }

  #calmDown(): void {
    this.#scheduler.note('everything calms down');
    this.#scheduler.oneIsSlow = 0;
    this.#fate.end();
    for (const { life } of this.#processes) life.calmDown();
    for (const goOn of this.#whenWrittenPast.splice(0)) goOn();
    this.#route.lostAnswers = 0;
    this.#route.lostRequests = 0;
    this.#redis.losses = 0;
  }

  #judgeGate(): void {
    for (const { index, db } of this.#processes) {
      if (db?.stats().guarantee?.open) continue;
      this.#history.violations.push(`p${index} found the gate closed ${calmMs} ms after everything had calmed down`);
    }
  }

  /** Reads everything, until all of it comes from the cache. */
  async #readAll(): Promise<void> {
    const { violations } = this.#history;
    await this.#driver.forTime(2 * windowMs);
    if (violations.length > 0) return;
    this.#history.settle(ids, parts);
    let missed: readonly number[] = [];
    for (let round = 0; round < mostRounds; round += 1) {
      const before = this.#processes.map(notHit);
      const reading = this.#processes.map(({ realm, index, life }) =>
        new Client(this.#stage(life), realm, index).readAll(),
      );
      await this.#driver.until(Promise.all(reading), Infinity);
      missed = this.#processes.map((process, place) => notHit(process) - (before[place] ?? 0));
      if (missed.every((count) => count === 0)) break;
    }
    this.#hits += this.#processes.reduce((sum, { db }) => sum + (db?.stats().hits ?? 0), 0);
    const process = missed.findIndex((count) => count > 0);
    if (process !== -1) violations.push(`p${process} does not get everything from the cache, though all is calm`);
  }

  /** Lives, and starts anew after each death, until nothing new is begun. */
  async #runProcess(process: Process): Promise<void> {
    for (;;) {
      const { life } = process;
      await Promise.race([this.#live(process), life.death]);
      if (!life.isDead) return;
      this.#hits += process.db?.stats().hits ?? 0;
      process.db = undefined;
      process.realm.unregisterConnection('default');
      await this.#scheduler.until(`p${process.index} starts anew`);
      process.life = this.#birth(process.index);
    }
  }

  async #live({ realm, index, life }: Process): Promise<void> {
    this.#holdUp(realm, life);
    life.redis = new SimulatedRedisClient(this.#fleet, this.#redis, life);
    const db = await realm.connect({
      database: simulatedKnex(this.#route, life),
      cache: life.redis,
      clock: life.clock,
      ttl: '30s',
      onCacheFailure: index === 2 ? 'throw' : 'degrade',
      guarantee: { level: this.#options.weather.level, window: windowMs },
    });
    const process = this.#processes[index];
    if (process) process.db = db;
    const stage = this.#stage(life);
    await Promise.all(Array.from({ length: clientsEach }, () => new Client(stage, realm, index).run()));
  }

  #birth(index: number): Life {
    return new Life(`p${index}`, this.#scheduler, this.#clock);
  }

  /** Holds steps of the protocol up now and then, and lets writers die after COMMIT. */
  #holdUp({ pauses }: Realm, life: Life): void {
    const { random } = this.#scheduler;
    const { faults, level } = this.#options.weather;
    const isStrict = level === 'strict';
    const hold = async (what: string): Promise<void> => {
      if (this.#scheduler.oneIsSlow > 0 && random.below(4) === 0) await life.until(what);
    };
    const rarely = async (oneIn: number, windows: number): Promise<void> => {
      if (this.#scheduler.oneIsSlow === 0 || random.below(oneIn) > 0) return;
      await life.pause(random.below(windows * windowMs));
    };
    pauses.beforeRenewal = async () => {
      await life.relayGoesOn();
      await hold('goes on after it has asked the database');
    };
    pauses.beforeDrops = async () => {
      await life.relayGoesOn();
      await hold('goes on to drop');
    };
    pauses.betweenStatements = async () => {
      if (!life.redis?.isBehind || this.#scheduler.oneIsSlow === 0) return;
      await life.pause(random.below(4 * windowMs));
      await new Promise<void>((resolve) => this.#whenWrittenPast.push(resolve));
    };
    pauses.beforeCommit = async () => {
      await rarely(isStrict ? 4 : 12, 4);
      await hold('goes on to COMMIT');
    };
    pauses.afterCommit = async () => {
      if (faults.includes('kill') && this.#scheduler.oneIsSlow > 0 && random.below(100) === 0) life.die();
      if (life.isDead) await new Promise(() => undefined);
      await rarely(isStrict ? 4 : 20, 1);
      await hold('goes on after COMMIT');
    };
  }

  #plainClient(): PlainClient {
    return new PlainClient({
      route: { ...this.#route },
      scheduler: this.#scheduler,
      clock: this.#clock,
      nextValue: () => this.#nextValue(),
      isOpen: () => this.#driver.isOpen,
      pauseMs: windowMs / 2,
      written: () => {
        for (const goOn of this.#whenWrittenPast.splice(0)) goOn();
      },
    });
  }

  #stage(life: Life): Stage {
    return {
      scheduler: this.#scheduler,
      history: this.#history,
      until: async (what) => life.until(what),
      nextValue: () => this.#nextValue(),
      isOpen: () => this.#driver.isOpen,
      oneWrites: () => this.#oneWrites(),
      readsPast: true,
    };
  }

  /** NOTE: in turns, since what a write does makes up for much that went wrong with the same row before. */
  #oneWrites(): number {
    if (!this.#options.weather.writes) return Infinity;
    const isQuiet = this.#scheduler.oneIsSlow > 0 && Math.floor(this.#clock.now() / turnMs) % 2 === 1;
    return isQuiet ? 60 : 4;
  }

  #nextValue(): number {
    this.#value += 1;
    return this.#value;
  }
}

/** How many reads were not answered from the cache. */
function notHit({ db }: Process): number {
  const { misses, bypasses } = db?.stats() ?? { misses: 0, bypasses: 0 };
  return misses + bypasses;
}
