import type { CacheStore, CacheWrite } from '../../src/store/cache-store.js';
import type { Scheduler } from './scheduler.js';
import type { SimulatedClock } from './simulated-clock.js';

interface Kept {
  readonly text: string;
  readonly expiresAt: number;
}

/** How often something goes wrong, as chances from 0 to 1 of each operation. */
export interface StoreFaults {
  /** The server does what was asked, and the answer gets lost. */
  readonly lostAnswers: number;
  /** The server never hears of it. */
  readonly lostRequests: number;
  /** A key that nobody has dropped is not there any more. */
  readonly evictions: number;
  /** Everything is gone. */
  readonly flushes: number;
}

/** What several processes reach as one Redis. It does one thing at a time. */
export class StoreServer {
  readonly #clock: SimulatedClock;
  readonly #random: Scheduler['random'];
  #faults: StoreFaults;
  #kept = new Map<string, Kept>();

  constructor(clock: SimulatedClock, random: Scheduler['random'], faults: StoreFaults) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
  }

  get faults(): StoreFaults {
    return this.#faults;
  }

  /** Nothing goes wrong from now on. */
  calmDown(): void {
    this.#faults = { lostAnswers: 0, lostRequests: 0, evictions: 0, flushes: 0 };
  }

  read(keys: readonly string[]): (string | undefined)[] {
    this.#spoil();
    return keys.map((key) => this.#textAt(key));
  }

  acquire(requests: readonly CacheWrite[]): (string | undefined)[] {
    this.#spoil();
    for (const request of requests) if (this.#textAt(request.key) === undefined) this.#put(request);
    return requests.map(({ key }) => this.#textAt(key));
  }

  write(entries: readonly CacheWrite[]): void {
    for (const entry of entries) this.#put(entry);
  }

  drop(keys: readonly string[]): void {
    for (const key of keys) this.#kept.delete(key);
  }

  #put({ key, value, ttlMs }: CacheWrite): void {
    this.#kept.set(key, { text: value, expiresAt: ttlMs === 0 ? Infinity : this.#clock.now() + ttlMs });
  }

  #textAt(key: string): string | undefined {
    const kept = this.#kept.get(key);
    return kept && kept.expiresAt > this.#clock.now() ? kept.text : undefined;
  }

  #spoil(): void {
    const { flushes, evictions } = this.#faults;
    if (flushes > 0 && this.#random.fraction() < flushes) this.#kept.clear();
    if (evictions === 0 || this.#random.fraction() >= evictions || this.#kept.size === 0) return;
    this.#kept.delete(this.#random.oneOf([...this.#kept.keys()]));
  }
}

/** One process's way to the server: requests and answers take their time, may overtake each other and get lost. */
export class SimulatedStore implements CacheStore {
  readonly name = 'simulated';
  readonly #server: StoreServer;
  readonly #scheduler: Scheduler;
  readonly #process: number;
  /** How many operations have not been answered. */
  underWay = 0;

  constructor(server: StoreServer, scheduler: Scheduler, process: number) {
    this.#server = server;
    this.#scheduler = scheduler;
    this.#process = process;
  }

  read(keys: readonly string[]): Promise<(string | undefined)[]> {
    return this.#ask('read', keys, () => this.#server.read(keys));
  }

  acquire(requests: readonly CacheWrite[]): Promise<(string | undefined)[]> {
    return this.#ask('acquire', requests, () => this.#server.acquire(requests));
  }

  write(entries: readonly CacheWrite[]): Promise<void> {
    return this.#ask('write', entries, () => this.#server.write(entries));
  }

  drop(keys: readonly string[]): Promise<void> {
    return this.#ask('drop', keys, () => this.#server.drop(keys));
  }

  async close(): Promise<void> {
    // The server is everybody's.
  }

  async #ask<Answer>(operation: string, asked: unknown, execute: () => Answer): Promise<Answer> {
    const { random } = this.#scheduler;
    const { lostRequests, lostAnswers } = this.#server.faults;
    const losesRequest = lostRequests > 0 && random.fraction() < lostRequests;
    const losesAnswer = lostAnswers > 0 && random.fraction() < lostAnswers;
    this.underWay += 1;
    try {
      await this.#scheduler.until(`p${this.#process} ${operation} reaches the store${this.#scheduler.detail(asked)}`);
      if (losesRequest) throw new Error('the request was lost, as the simulation wants');
      const answer = execute();
      await this.#scheduler.until(`p${this.#process} ${operation} is answered${this.#scheduler.detail(answer)}`);
      if (losesAnswer) throw new Error('the answer was lost, as the simulation wants');
      return answer;
    } finally {
      this.underWay -= 1;
    }
  }
}
