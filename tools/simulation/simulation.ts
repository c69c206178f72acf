import type { CacheStore } from '../../src/store/cache-store.js';
import { Random } from '../../test/support/random.js';
import { Driver } from './driver.js';
import { GuaranteedSimulation } from './guarantee/guaranteed-simulation.js';
import { guaranteedWeathers, type GuaranteedWeather } from './guarantee/guaranteed-weathers.js';
import { History } from './history.js';
import { takeOut, type Mutant } from './mutants.js';
import { realmOf, type Realm } from './process.js';
import type { RunResult } from './run-result.js';
import { Scheduler } from './scheduler.js';
import { SimulatedClock } from './simulated-clock.js';
import { SimulatedDatabase } from './simulated-database.js';
import { simulatedKnex, type Route } from './simulated-postgres.js';
import { SimulatedStore, StoreServer, type StoreFaults } from './simulated-store.js';
import { Client, ids, parts, type Stage } from './workload.js';

/** What goes wrong in a run, and what is promised then. */
interface PlainWeather {
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

export type Weather = PlainWeather | GuaranteedWeather;

export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  readonly weather: Weather;
  readonly mutant?: Mutant | undefined;
  /** Whether the trail tells what was asked and answered. */
  readonly isDetailed?: boolean;
}

const mostProcesses = 3;
const clientsEach = 3;
const longestRetryMs = 20_000;
const losses: StoreFaults = { lostAnswers: 0, lostRequests: 0, evictions: 0.01, flushes: 0.0005 };
const shared = { processes: mostProcesses, lostStatements: 0.003 };
const faults: StoreFaults = { ...losses, lostAnswers: 0.01, lostRequests: 0.01 };

const plainWeathers: readonly PlainWeather[] = [
  { ...shared, name: 'alone', processes: undefined, store: losses, isSlow: false, onCacheFailure: 'degrade' },
  { ...shared, name: 'calm', store: losses, isSlow: false, onCacheFailure: 'degrade' },
  { ...shared, name: 'gusts', store: faults, isSlow: true, onCacheFailure: 'throw' },
  { ...shared, name: 'storm', store: faults, isSlow: true, onCacheFailure: 'degrade' },
];

export const weathers: readonly Weather[] = [...plainWeathers, ...guaranteedWeathers];

/** Loads the library once for each process. */
export function realms(count = mostProcesses): Promise<Realm[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => realmOf(index)));
}

/** One run: everything that several processes do with one database and one store, in the order that a seed gives. */
export async function simulate(options: RunOptions): Promise<RunResult> {
  const { weather } = options;
  const loaded = await realms(weather.processes ?? 1);
  const { mutant } = options;
  const undo = mutant ? loaded.map((realm) => takeOut(mutant, realm)) : [];
  const { random } = Math;
  const chances = new Random(options.seed ^ 0x5eed);
  Math.random = () => chances.fraction(); // the library spreads lifetimes by it
  try {
    if ('level' in weather) return await new GuaranteedSimulation({ ...options, weather }, loaded).run();
    return await new Simulation({ ...options, weather }, loaded).run();
  } finally {
    Math.random = random;
    for (const each of undo) each();
  }
}

/** Whether drops may get lost without the writer being told. */
function isOwnOnly({ isSlow, onCacheFailure }: PlainWeather): boolean {
  return isSlow && onCacheFailure === 'degrade';
}

type PlainOptions = RunOptions & { readonly weather: PlainWeather };

class Simulation {
  readonly #options: PlainOptions;
  readonly #realms: readonly Realm[];
  readonly #scheduler: Scheduler;
  readonly #clock = new SimulatedClock();
  readonly #database = new SimulatedDatabase(() => this.#clock.now());
  readonly #history: History;
  readonly #stores: SimulatedStore[] = [];
  readonly #route: Route;
  readonly #driver: Driver;

  constructor(options: PlainOptions, loaded: readonly Realm[]) {
    this.#options = options;
    this.#realms = loaded;
    this.#scheduler = new Scheduler(options.seed, options.isDetailed ?? false);
    const { lostStatements: lostAnswers } = options.weather;
    this.#route = { database: this.#database, scheduler: this.#scheduler, lostAnswers, lostRequests: 0 };
    this.#history = new History(this.#database, loaded.length, { isOwnOnly: isOwnOnly(options.weather) });
    this.#driver = new Driver({
      scheduler: this.#scheduler,
      clock: this.#clock,
      violations: this.#history.violations,
      pace: { oneIn: 30, someTime: () => this.#someTime() },
    });
  }

  async run(): Promise<RunResult> {
    const server = new StoreServer(this.#clock, this.#scheduler.random, this.#options.weather.store);
    const databases = await Promise.all(this.#realms.map((realm, index) => this.#connect(realm, index, server)));
    const stage = this.#stage();
    const clients = this.#realms.flatMap((realm, index) =>
      Array.from({ length: clientsEach }, () => new Client(stage, realm, index)),
    );
    await this.#driver.until(Promise.all(clients.map((client) => client.run())), this.#options.steps);
    server.calmDown();
    this.#route.lostAnswers = 0;
    await this.#driver.settle(longestRetryMs);
    this.#history.settle(ids, parts);
    await this.#driver.until(Promise.all(clients.map((client) => client.readAll())), Infinity);
    const hits = databases.reduce((sum, db) => sum + db.stats().hits, 0);
    await this.#driver.until(Promise.all(databases.map((db) => db.close())), Infinity);
    const { reads, writes, violations } = this.#history;
    const { steps, hash } = this.#scheduler;
    const { noticedAfter, trail } = this.#driver;
    return { steps, reads, writes, hits, hash, violations, noticedAfter, trail };
  }

  #connect(realm: Realm, process: number, server: StoreServer): ReturnType<Realm['connect']> {
    return realm.connect({
      database: simulatedKnex(this.#route, { name: `p${process}`, isDead: false, connections: new Set() }),
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
      until: (what) => this.#scheduler.until(what),
      nextValue: () => ++value,
      isOpen: () => this.#driver.isOpen,
      oneWrites: () => 4,
      readsPast: false,
    };
  }

  /** A little; at times so much that what is under way is overdue, or that entries end. */
  #someTime(): number {
    const { random } = this.#scheduler;
    const mayBeLong =
      (this.#driver.isOpen && this.#options.weather.isSlow) || this.#stores.every(({ underWay }) => underWay === 0);
    if (!mayBeLong || random.below(20) > 0) return random.below(3);
    return random.below(4) === 0 ? random.below(40_000) : (this.#clock.untilNext ?? 0);
  }
}
