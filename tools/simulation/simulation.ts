import type { CacheStore } from '../../src/store/cache-store.js';
import { Random } from '../../test/support/random.js';
import { History } from './history.js';
import type { Mutant } from './mutants.js';
import { realmOf, type Realm } from './process.js';
import { Scheduler, settled } from './scheduler.js';
import { SimulatedClock } from './simulated-clock.js';
import { SimulatedDatabase } from './simulated-database.js';
import { simulatedKnex, type Route } from './simulated-postgres.js';
import { SimulatedStore, StoreServer, type StoreFaults } from './simulated-store.js';
import { Client, ids, parts, type Stage } from './workload.js';

/** What goes wrong in a run, and what is promised then. */
export interface Weather {
  readonly name: string;
  /** How many processes share the store; undefined: there is one, which has its cache in its own memory. */
  readonly processes: number | undefined;
  readonly store: StoreFaults;
  /** The chance that a connection to the database is lost before an answer. */
  readonly lostStatements: number;
  /** Whether time may pass while the store is asked, so that answers are overdue and requests arrive late. */
  readonly isSlow: boolean;
  /**
   * What happens where the store fails. `throw`: a write that resolves has reached the store, and everybody sees it.
   * `degrade`: where a drop gets lost on the way only the process itself is promised to see what it wrote.
   */
  readonly onCacheFailure: 'throw' | 'degrade';
}

export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  readonly weather: Weather;
  readonly mutant?: Mutant | undefined;
  /** Whether the trail tells what was asked and answered. */
  readonly isDetailed?: boolean;
}

export interface RunResult {
  readonly steps: number;
  readonly reads: number;
  readonly writes: number;
  readonly hits: number;
  /** Tells one way of a run from every other. */
  readonly hash: number;
  readonly violations: readonly string[];
  /** The number of the step after which the first of them was there. */
  readonly noticedAfter: number | undefined;
  /** What happened before the first violation. */
  readonly trail: readonly string[];
}

const clientsEach = 3;
const longestRetryMs = 20_000;
const losses: StoreFaults = { lostAnswers: 0, lostRequests: 0, evictions: 0.01, flushes: 0.0005 };
const shared = { processes: 3, lostStatements: 0.003 };
const faults: StoreFaults = { ...losses, lostAnswers: 0.01, lostRequests: 0.01 };

export const weathers: readonly Weather[] = [
  { ...shared, name: 'alone', processes: undefined, store: losses, isSlow: false, onCacheFailure: 'degrade' },
  { ...shared, name: 'calm', store: losses, isSlow: false, onCacheFailure: 'degrade' },
  { ...shared, name: 'gusts', store: faults, isSlow: true, onCacheFailure: 'throw' },
  { ...shared, name: 'storm', store: faults, isSlow: true, onCacheFailure: 'degrade' },
];

/** Loads the library once for each process. */
export function realms(count = Math.max(...weathers.map(({ processes }) => processes ?? 1))): Promise<Realm[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => realmOf(index)));
}

/** One run: everything that several processes do with one database and one store, in the order that a seed gives. */
export async function simulate(options: RunOptions): Promise<RunResult> {
  const loaded = await realms(options.weather.processes ?? 1);
  const undo = loaded.map((realm) => options.mutant?.apply?.(realm.internals));
  const { random } = Math;
  const chances = new Random(options.seed ^ 0x5eed);
  Math.random = () => chances.fraction(); // the library spreads lifetimes by it
  try {
    return await new Simulation(options, loaded).run();
  } finally {
    Math.random = random;
    for (const each of undo) each?.();
  }
}

/** Whether drops may get lost without the writer being told. */
function isOwnOnly({ isSlow, onCacheFailure }: Weather): boolean {
  return isSlow && onCacheFailure === 'degrade';
}

class Simulation {
  readonly #options: RunOptions;
  readonly #realms: readonly Realm[];
  readonly #scheduler: Scheduler;
  readonly #clock = new SimulatedClock();
  readonly #database = new SimulatedDatabase();
  readonly #history: History;
  readonly #stores: SimulatedStore[] = [];
  readonly #route: Route;
  #isOpen = true;
  #trail: readonly string[] = [];
  #noticedAfter: number | undefined;

  constructor(options: RunOptions, loaded: readonly Realm[]) {
    this.#options = options;
    this.#realms = loaded;
    this.#scheduler = new Scheduler(options.seed, options.isDetailed ?? false);
    const { lostStatements: lostAnswers } = options.weather;
    this.#route = { database: this.#database, scheduler: this.#scheduler, lostAnswers };
    this.#history = new History(this.#database, loaded.length, isOwnOnly(options.weather));
  }

  async run(): Promise<RunResult> {
    const server = new StoreServer(this.#clock, this.#scheduler.random, this.#options.weather.store);
    const databases = await Promise.all(this.#realms.map((realm, index) => this.#connect(realm, index, server)));
    const stage = this.#stage();
    const clients = this.#realms.flatMap((realm, index) =>
      Array.from({ length: clientsEach }, () => new Client(stage, realm, index)),
    );
    await this.#until(Promise.all(clients.map((client) => client.run())), this.#options.steps);
    server.calmDown();
    this.#route.lostAnswers = 0;
    await this.#settle();
    this.#history.settle(ids, parts);
    await this.#until(Promise.all(clients.map((client) => client.readAll())), Infinity);
    const hits = databases.reduce((sum, db) => sum + db.stats().hits, 0);
    await this.#until(Promise.all(databases.map((db) => db.close())), Infinity);
    const { reads, writes, violations } = this.#history;
    const { steps, hash } = this.#scheduler;
    return { steps, reads, writes, hits, hash, violations, noticedAfter: this.#noticedAfter, trail: this.#trail };
  }

  #connect(realm: Realm, process: number, server: StoreServer): ReturnType<Realm['connect']> {
    return realm.connect({
      database: simulatedKnex(this.#route, process),
      cache: this.#options.weather.processes === undefined ? 'memory:' : this.#storeOf(process, server),
      clock: this.#clock,
      ttl: '30s',
      onCacheFailure: this.#options.weather.onCacheFailure,
    });
  }

  #storeOf(process: number, server: StoreServer): CacheStore {
    const store = new SimulatedStore(server, this.#scheduler, process);
    this.#stores.push(store);
    return this.#options.mutant?.wrap?.(store) ?? store;
  }

  #stage(): Stage {
    let value = 0;
    return {
      scheduler: this.#scheduler,
      history: this.#history,
      nextValue: () => ++value,
      isOpen: () => this.#isOpen,
    };
  }

  /** Goes on until a task has ended; after so many steps nothing new is begun. */
  async #until(task: Promise<unknown>, steps: number): Promise<void> {
    let hasEnded = false;
    const end = (): void => {
      hasEnded = true;
    };
    task.then(end, end);
    const last = this.#scheduler.steps + steps;
    await settled();
    while (!hasEnded) {
      if (this.#scheduler.steps >= last || this.#history.violations.length > 0) this.#isOpen = false;
      await this.#once();
      if (this.#history.violations.length > 0 && this.#noticedAfter === undefined) {
        this.#noticedAfter = this.#scheduler.steps;
        this.#trail = this.#scheduler.trail;
      }
    }
    await task;
  }

  /** Goes on until nothing is under way: neither fills, nor drops that failed, which are tried again within seconds. */
  async #settle(): Promise<void> {
    const end = this.#clock.now() + longestRetryMs;
    while (!this.#scheduler.isIdle || (this.#clock.now() < end && this.#clock.untilNext !== undefined)) {
      await this.#once();
    }
  }

  async #once(): Promise<void> {
    const { random, isIdle } = this.#scheduler;
    if (isIdle) await this.#pass(this.#clock.untilNext ?? 1);
    else if (random.below(30) === 0) await this.#pass(this.#someTime());
    else await this.#scheduler.step();
  }

  /** A little; at times so much that what is under way is overdue, or that entries end. */
  #someTime(): number {
    const { random } = this.#scheduler;
    const mayBeLong =
      (this.#isOpen && this.#options.weather.isSlow) || this.#stores.every(({ underWay }) => underWay === 0);
    if (!mayBeLong || random.below(20) > 0) return random.below(3);
    return random.below(4) === 0 ? random.below(40_000) : (this.#clock.untilNext ?? 0);
  }

  async #pass(ms: number): Promise<void> {
    this.#clock.move(ms);
    this.#scheduler.note(`${ms} ms pass`);
    do await settled();
    while (this.#clock.runDue());
  }
}
