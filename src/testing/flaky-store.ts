import type { CacheStore, CacheWrite } from '../store/cache-store.js';
import type { Awaitable } from '../support/awaitable.js';
import { systemClock, type Clock } from '../support/clock.js';

/** What a store can be asked to do. */
export type StoreOperation = 'read' | 'acquire' | 'write' | 'drop';

const allOperations: readonly StoreOperation[] = ['read', 'acquire', 'write', 'drop'];

/** Does something wrong with an operation, which `run` would carry out. */
type Fault = <Answer>(run: () => Promise<Answer>) => Promise<Answer>;

/**
 * A store in front of another one that fails when a test says so. Each fault holds for the operations that are named,
 * or for all if none is, and replaces an earlier one. It never answers at once, so it counts as not in process.
 */
export class FlakyStore implements CacheStore {
  readonly name: string;
  /** How often each operation was asked for, failed ones included. */
  readonly calls: Record<StoreOperation, number> = { read: 0, acquire: 0, write: 0, drop: 0 };
  readonly #store: CacheStore;
  readonly #clock: Clock;
  readonly #faults = new Map<StoreOperation, Fault>();
  #hanging: (() => void)[] = [];

  constructor(store: CacheStore, clock: Clock = systemClock) {
    this.name = `flaky ${store.name}`;
    this.#store = store;
    this.#clock = clock;
  }

  /** Rejects without doing anything, like a server that is down. */
  fail(...operations: StoreOperation[]): void {
    this.#setFault(operations, async () => {
      throw new Error('the store fails, as the test wants');
    });
  }

  /** Does what is asked and rejects all the same, like a connection that is cut before the reply. */
  loseAnswers(...operations: StoreOperation[]): void {
    this.#setFault(operations, async (run) => {
      await run();
      throw new Error('the answer is lost, as the test wants');
    });
  }

  /** Does nothing and does not answer until `heal`, then does it: like a server that is stopped and continued. */
  hang(...operations: StoreOperation[]): void {
    this.#setFault(operations, async (run) => {
      await new Promise<void>((resolve) => this.#hanging.push(resolve));
      return run();
    });
  }

  /** Does what is asked after `ms`. */
  delay(ms: number, ...operations: StoreOperation[]): void {
    this.#setFault(operations, async (run) => {
      await new Promise<void>((resolve) => this.#clock.schedule(ms, resolve));
      return run();
    });
  }

  /** Ends all faults; what hangs is done now, in its order. */
  heal(): void {
    this.#faults.clear();
    const hanging = this.#hanging;
    this.#hanging = [];
    for (const goOn of hanging) goOn();
  }

  read(keys: readonly string[]): Promise<(string | undefined)[]> {
    return this.#run('read', () => this.#store.read(keys));
  }

  acquire(requests: readonly CacheWrite[]): Promise<(string | undefined)[]> {
    return this.#run('acquire', () => this.#store.acquire(requests));
  }

  write(entries: readonly CacheWrite[]): Promise<void> {
    return this.#run('write', () => this.#store.write(entries));
  }

  drop(keys: readonly string[]): Promise<void> {
    return this.#run('drop', () => this.#store.drop(keys));
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #setFault(operations: readonly StoreOperation[], fault: Fault): void {
    for (const operation of operations.length > 0 ? operations : allOperations) this.#faults.set(operation, fault);
  }

  #run<Answer>(operation: StoreOperation, ask: () => Awaitable<Answer>): Promise<Answer> {
    this.calls[operation] += 1;
    const run = async (): Promise<Answer> => ask();
    return this.#faults.get(operation)?.(run) ?? run();
  }
}
