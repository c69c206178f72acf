import type { CacheStore, CacheWrite } from '../../../src/store/cache-store.js';
import type { StoreOperation } from '../../../src/testing/flaky-store.js';
import { Hold } from './hold.js';

interface Stop {
  readonly operation: StoreOperation;
  readonly when: 'before' | 'after';
  readonly hold: Hold;
}

/** A store in front of another one that stops single operations where a script says so. Not in process. */
export class ScriptedStore implements CacheStore {
  readonly name: string;
  readonly #store: CacheStore;
  #stops: Stop[] = [];

  constructor(store: CacheStore) {
    this.name = `scripted ${store.name}`;
    this.#store = store;
  }

  /** Stops the next operation of this kind before it is carried out, or after that and before it is answered. */
  hold(operation: StoreOperation, when: 'before' | 'after'): Hold {
    const hold = new Hold();
    this.#stops.push({ operation, when, hold });
    return hold;
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
    for (const { hold } of this.#stops) hold.release();
    return this.#store.close();
  }

  async #run<Answer>(operation: StoreOperation, ask: () => Answer | Promise<Answer>): Promise<Answer> {
    const stop = this.#stops.find((candidate) => candidate.operation === operation);
    this.#stops = this.#stops.filter((other) => other !== stop);
    if (stop?.when === 'before') await stop.hold.arrive();
    const answer = await ask();
    if (stop?.when === 'after') await stop.hold.arrive();
    return answer;
  }
}
