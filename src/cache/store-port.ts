import type { CacheStore, CacheWrite, InProcessStore, Reject } from '../store/cache-store.js';
import { isInProcess } from '../store/cache-store.js';
import type { Awaitable } from '../support/awaitable.js';
import { TickBatch } from '../support/tick-batch.js';
import { gather, type Gathered } from './gather.js';

/** Texts in the order of their keys, undefined where there is none. */
export type Texts = readonly (string | undefined)[];

/** NOTE: a class, as {@link DecodedEntry} is: literals in flight at a garbage collection would make later ones old. */
class Waiting<Item, Answer> {
  readonly items: readonly Item[];
  readonly resolve: (answers: Answer[]) => void;
  readonly reject: Reject;

  constructor(items: readonly Item[], resolve: (answers: Answer[]) => void, reject: Reject) {
    this.items = items;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/**
 * Everything that is asked of a store in one tick leaves as one command of each kind. A store in this process is asked
 * at once instead, and answers without a promise.
 */
export class StorePort {
  readonly store: CacheStore;
  /** The same store where it answers at once. */
  readonly inProcess: InProcessStore | undefined;
  readonly #reads: TickBatch<Waiting<string, string | undefined>>;
  readonly #acquires: TickBatch<Waiting<CacheWrite, string | undefined>>;
  readonly #writes: TickBatch<CacheWrite>;
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #onWriteError: (error: unknown) => void;

  constructor(store: CacheStore, onWriteError: (error: unknown) => void) {
    this.store = store;
    this.inProcess = isInProcess(store) ? store : undefined;
    this.#onWriteError = onWriteError;
    const read = reader(store);
    this.#reads = new TickBatch((batch) => answerTogether(batch, gather, read));
    this.#acquires = new TickBatch((batch) =>
      answerTogether(batch, eachKeyOnce, (all, resolve, reject) => {
        Promise.resolve(store.acquire(all)).then(resolve, reject);
      }),
    );
    this.#writes = new TickBatch((writes) => this.#writeAll(writes));
  }

  read(keys: readonly string[]): Awaitable<Texts> {
    if (this.inProcess) return this.inProcess.read(keys);
    return new Promise((resolve, reject) => this.request(keys, resolve, reject));
  }

  /** The same for a store elsewhere, by callbacks; they must not throw. */
  request(keys: readonly string[], resolve: (texts: Texts) => void, reject: (error: unknown) => void): void {
    this.#reads.add(new Waiting(keys, resolve, reject));
  }

  acquire(requests: readonly CacheWrite[]): Awaitable<Texts> {
    if (this.inProcess) return this.inProcess.acquire(requests);
    return new Promise((resolve, reject) => this.#acquires.add(new Waiting(requests, resolve, reject)));
  }

  /** Stores without anybody waiting: a failed fill costs a miss later, nothing else. */
  write(entry: CacheWrite): void {
    if (this.inProcess) this.inProcess.write([entry]);
    else this.#writes.add(entry);
  }

  drop(keys: readonly string[]): Awaitable<void> {
    return this.store.drop(keys);
  }

  /** Resolves when the fills that were asked for up to now have been answered, well or badly. */
  async written(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    await Promise.allSettled(this.#inFlight);
  }

  /** Resolves when no fill is under way any more. */
  async drain(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#inFlight.size > 0) await Promise.allSettled(this.#inFlight);
  }

  #writeAll(writes: CacheWrite[]): void {
    const running = Promise.resolve(this.store.write(writes)).catch(this.#onWriteError);
    this.#inFlight.add(running);
    void running.finally(() => this.#inFlight.delete(running));
  }
}

/** The items of all that wait in one list, and for each who waits the places of its own. */
type Gather<Item> = (lists: readonly (readonly Item[])[]) => Gathered<Item>;

type Ask<Item, Answer> = (items: readonly Item[], resolve: (answers: Answer[]) => void, reject: Reject) => void;

function reader(store: CacheStore): Ask<string, string | undefined> {
  const request = store.request?.bind(store);
  return (
    request ??
    ((keys, resolve, reject) => {
      Promise.resolve(store.read(keys)).then(resolve, reject);
    })
  );
}

/** Asks once for all that wait, and gives each its own answers in its own order. The batch is empty after that. */
function answerTogether<Item, Answer>(
  batch: Waiting<Item, Answer>[],
  together: Gather<Item>,
  ask: Ask<Item, Answer>,
): void {
  const [first] = batch;
  if (first && batch.length === 1) {
    batch.length = 0;
    ask(first.items, first.resolve, first.reject);
    return;
  }
  const { items, places } = together(batch.map((waiting) => waiting.items));
  ask(
    items,
    (answers) => {
      for (let index = 0; index < batch.length; index++) {
        const own: Answer[] = [];
        for (const place of places[index] ?? []) own.push(answers[place] as Answer); // every place is that of an item
        batch[index]?.resolve(own);
      }
      batch.length = 0; // NOTE: an old list would keep alive all who waited
    },
    (error) => {
      for (const { reject } of batch) reject(error);
      batch.length = 0;
    },
  );
}

function eachKeyOnce(lists: readonly (readonly CacheWrite[])[]): Gathered<CacheWrite> {
  const known = new Map<string, number>();
  const items: CacheWrite[] = [];
  const placeOf = (item: CacheWrite): number => {
    const place = known.get(item.key) ?? items.push(item) - 1;
    known.set(item.key, place);
    return place;
  };
  return { places: lists.map((list) => list.map(placeOf)), items };
}
