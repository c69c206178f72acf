import type { CacheStore, CacheWrite, InProcessStore, Reject, Texts } from '../store/cache-store.js';
import { isInProcess } from '../store/cache-store.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import { TickBatch } from '../support/tick-batch.js';
import type { AskedList } from './plans.js';
import { partedKeys, partTexts, pick } from '../store/parted-keys.js';
import { gather, keysOf, type AskedKeys, type Gathered } from './gather.js';

/** So many computed values are answered in two parts. Fewer would cost more by their second command than is gained. */
const valuesInParts = 64;

/** NOTE: classes, as {@link DecodedEntry} is: literals in flight at a garbage collection would make later ones old. */
class WaitingRead implements AskedKeys {
  readonly key: string | undefined;
  readonly stampKeys: readonly string[];
  readonly resolve: (texts: Texts) => void;
  readonly reject: Reject;
  /** What it is asked with, where others do not ask at the same time. */
  list: AskedList | undefined = undefined;

  constructor(key: string | undefined, stampKeys: readonly string[], resolve: (texts: Texts) => void, reject: Reject) {
    this.key = key;
    this.stampKeys = stampKeys;
    this.resolve = resolve;
    this.reject = reject;
  }
}

class WaitingAcquire {
  readonly requests: readonly CacheWrite[];
  readonly resolve: (texts: Texts) => void;
  readonly reject: Reject;

  constructor(requests: readonly CacheWrite[], resolve: (texts: Texts) => void, reject: Reject) {
    this.requests = requests;
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
  readonly #reads: TickBatch<WaitingRead>;
  readonly #acquires: TickBatch<WaitingAcquire>;
  readonly #writes: TickBatch<CacheWrite>;
  /** How many reads have not been answered. */
  #reading = 0;
  /** How many of those that wait for the end of the tick want computed values. */
  #valuesWaiting = 0;
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #onWriteError: (error: unknown) => void;

  constructor(store: CacheStore, onWriteError: (error: unknown) => void) {
    this.store = store;
    this.inProcess = isInProcess(store) ? store : undefined;
    this.#onWriteError = onWriteError;
    const read = this.#counted(reader(store));
    this.#reads = new TickBatch((batch) => {
      const [first] = batch;
      const areMany = this.#valuesWaiting >= valuesInParts;
      const toGathered = this.#valuesWaiting > 0 ? gatherParts : gather;
      this.#valuesWaiting = 0;
      const later = (): readonly boolean[] | undefined =>
        areMany && this.#reading === 0 ? secondPart(batch) : undefined;
      if (!first || batch.length > 1) answerTogether(batch, toGathered(batch), { ask: read, later });
      else read(first.list?.withEntry ?? keysOf(first), first.resolve, first.reject);
    });
    this.#acquires = new TickBatch((batch) =>
      answerTogether(batch, eachKeyOnce(batch), {
        ask: (all, resolve, reject) => {
          Promise.resolve(store.acquire(all)).then(resolve, reject);
        },
      }),
    );
    this.#writes = new TickBatch((writes) => this.#writeAll(writes));
  }

  read(keys: readonly string[]): Awaitable<Texts> {
    if (this.inProcess) return this.inProcess.read(keys);
    return new Promise((resolve, reject) => this.requestAll(keys, resolve, reject));
  }

  /** The texts of an entry and of its stamps from a store elsewhere, by callbacks; they must not throw. */
  request(key: string, stampKeys: readonly string[], resolve: (texts: Texts) => void, reject: Reject): void {
    this.#reads.add(new WaitingRead(key, stampKeys, resolve, reject));
  }

  /**
   * The same for a computed value. NOTE: who asked for many ask again by one command, once they are answered; so where the
   * store has nothing else to do they are answered in two parts, and it works for one while this process does for the other.
   */
  requestValue(key: string, list: AskedList, resolve: (texts: Texts) => void, reject: Reject): void {
    const waiting = new WaitingRead(key, list.stampKeys, resolve, reject);
    waiting.list = list;
    this.#reads.add(waiting);
    this.#valuesWaiting += 1;
  }

  /** The same for any keys. */
  requestAll(keys: readonly string[], resolve: (texts: Texts) => void, reject: Reject): void {
    this.#reads.add(new WaitingRead(undefined, keys, resolve, reject));
  }

  acquire(requests: readonly CacheWrite[]): Awaitable<Texts> {
    if (this.inProcess) return this.inProcess.acquire(requests);
    return new Promise((resolve, reject) => this.#acquires.add(new WaitingAcquire(requests, resolve, reject)));
  }

  /** Stores without anybody waiting: a failed fill costs a miss later, nothing else. */
  write(entry: CacheWrite): void {
    if (this.inProcess) this.inProcess.write([entry]);
    else this.#writes.add(entry);
  }

  drop(keys: readonly string[]): Awaitable<void> {
    return this.store.drop(keys);
  }

  /** The same by callbacks; they must not throw. */
  requestDrop(keys: readonly string[], resolve: () => void, reject: Reject): void {
    const { store } = this;
    try {
      if (store.requestDrop) {
        store.requestDrop(keys, resolve, reject);
        return;
      }
      const dropped = store.drop(keys);
      if (isPromise(dropped)) dropped.then(resolve, reject);
      else resolve();
    } catch (error) {
      reject(error);
    }
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

  #counted(read: Ask<string>): Ask<string> {
    return (keys, resolve, reject) => {
      this.#reading += 1;
      const answered = (texts: Texts): void => {
        this.#reading -= 1;
        resolve(texts);
      };
      const failed = (error: unknown): void => {
        this.#reading -= 1;
        reject(error);
      };
      read(keys, answered, failed);
    };
  }

  #writeAll(writes: CacheWrite[]): void {
    const running = Promise.resolve(this.store.write(writes)).catch(this.#onWriteError);
    this.#inFlight.add(running);
    void running.finally(() => this.#inFlight.delete(running));
  }
}

type Ask<Item> = (items: readonly Item[], resolve: (texts: Texts) => void, reject: Reject) => void;

function reader(store: CacheStore): Ask<string> {
  const request = store.request?.bind(store);
  return (
    request ??
    ((keys, resolve, reject) => {
      Promise.resolve(store.read(keys)).then(resolve, reject);
    })
  );
}

/** Who waits for texts. */
interface Waiting {
  readonly resolve: (texts: Texts) => void;
  readonly reject: Reject;
}

interface Asking<Item> {
  readonly ask: Ask<Item>;
  /** Who is answered a moment after the others, asked when the answer is there. */
  later?(): readonly boolean[] | undefined;
}

/** Asks once for all that wait, and gives each its own texts in its own order. The batch is empty after that. */
function answerTogether<Item>(batch: Waiting[], { items, places }: Gathered<Item>, { ask, later }: Asking<Item>): void {
  const answer = (texts: Texts, last?: readonly boolean[], isLast = false): void => {
    for (let index = 0; index < batch.length; index++) {
      if (last && last[index] !== isLast) continue;
      batch[index]?.resolve(partTexts(texts, index) ?? pick(texts, places[index] ?? []));
    }
  };
  const end = (): void => {
    batch.length = 0; // NOTE: an old list would keep alive all who waited
  };
  ask(
    items,
    (texts) => {
      const last = later?.();
      answer(texts, last);
      if (!last) {
        end();
        return;
      }
      setImmediate(() => {
        answer(texts, last, true);
        end();
      });
    },
    (error) => {
      for (const { reject } of batch) reject(error);
      end();
    },
  );
}

/** The same as `gather`, in a list that tells those of computed values apart. */
function gatherParts(batch: readonly WaitingRead[]): Gathered<string> {
  const { items, places } = gather(batch);
  const lists = batch.map(({ list }) => list?.withEntry);
  return { items: partedKeys(items, lists, places), places };
}

/** The second half, without those who want the same as one of the first: answered apart, each would make what is missing. */
function secondPart(batch: readonly AskedKeys[]): readonly boolean[] {
  const half = batch.length >> 1;
  const early = new Set<string>();
  return batch.map(({ key = '' }, index) => {
    if (index < half) early.add(key);
    return !early.has(key);
  });
}

function eachKeyOnce(batch: readonly WaitingAcquire[]): Gathered<CacheWrite> {
  const known = new Map<string, number>();
  const items: CacheWrite[] = [];
  const placeOf = (item: CacheWrite): number => {
    const place = known.get(item.key) ?? items.push(item) - 1;
    known.set(item.key, place);
    return place;
  };
  return { places: batch.map(({ requests }) => requests.map(placeOf)), items };
}
