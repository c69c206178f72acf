import type { InProcessStore, Texts } from '../store/cache-store.js';
import { HeldText } from '../store/held-text.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import type { Clock } from '../support/clock.js';
import { randomStamp } from '../support/random-stamp.js';
import { weakened } from '../support/weakened.js';
import type { Address } from './address.js';
import { currentFrame, spoilAndThrow } from './dependency-frame.js';
import { decodeEntry, encodeEntry, type Entry } from './entry.js';
import type { Confirmed, EngineOptions, Fill } from './engine-options.js';
import { EntryHit, gateIsClosed, ifOfEpoch, type Bypass, type Found, type Hit, type Miss } from './found.js';
import { areHeld, HeldEntry, isOfRow, stampsIn, toHeld } from './held-entry.js';
import { jointRequest } from './joint-request.js';
import type { Keyspace } from './keyspace.js';
import type { AskedList } from './plans.js';
import { PackedEntry } from './packed-entry.js';
import { packText, unpackText } from './packed-text.js';
import { judge, judgedOnce, unlessExpired } from './judge.js';
import { areComplete, merge } from './stamp-lists.js';
import { StorePort } from './store-port.js';

/**
 * The protocol, and nothing of models or SQL. An entry carries the stamps of everything it was computed from. A hit
 * needs every stamp unchanged. A miss acquires stamps BEFORE it reads the database, so that an invalidation in between
 * makes the late fill dead on arrival. A writer drops stamps after COMMIT.
 */
export class CacheEngine {
  readonly clock: Clock;
  readonly port: StorePort;
  readonly #options: EngineOptions;
  /** Pending while a change made elsewhere is being made known: no lookup may pass it. */
  #barrier: Promise<void> | undefined;
  /** Grows when others wrote; each keyspace forgets what it holds once for each number, so also before its first read. */
  #foreignChanges = 0;
  readonly #forgotten = new WeakMap<Keyspace, number>();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.port = new StorePort(options.store, (error) => options.events.storeFailed('write', error));
  }

  get keyspace(): Keyspace {
    return this.#options.keyspace();
  }

  /**
   * Looks for an entry and judges it by the stamps of `stampKeys`, of which there may be a `list`: an entry in this process
   * that was stored under that list knows its stamps. Computed values have one, and may be answered in two parts where
   * they are many. A store in this process answers without a promise.
   */
  lookup(key: string, stampKeys: readonly string[], list?: AskedList): Awaitable<Found> {
    const reason = this.#options.reasonAgainst?.(stampKeys);
    if (reason !== undefined) return { state: 'bypass', reason };
    const confirmed = this.#confirm(stampKeys);
    if (confirmed) return this.#lookupConfirmed(confirmed, key, stampKeys);
    const noticed = this.#noticeChangesElsewhere();
    return noticed ? this.#lookupAfter(noticed, key, stampKeys) : this.#lookupNow(key, stampKeys, list);
  }

  /**
   * The same for an entry whose key tells its stamps: a hit in this process makes none of these keys. `use` gets what
   * was found, in the caller's async context.
   */
  lookupAt<T>(address: Address, use: (found: Found) => Awaitable<T>): Awaitable<T> {
    const reason = this.#options.reasonAgainst?.(address.stampKeys);
    if (reason !== undefined) return use({ state: 'bypass', reason });
    const confirmed = this.#options.gate && this.#confirm(address.stampKeys);
    if (confirmed) return this.#lookupConfirmed(confirmed, address.key, address.stampKeys).then(use);
    const noticed = this.#noticeChangesElsewhere();
    if (noticed) return this.#lookupAfter(noticed, address.key, address.stampKeys).then(use);
    const { inProcess } = this.port;
    if (inProcess) return use(this.#findHeld(inProcess, address));
    // NOTE: `use` runs after an await of the caller's own. The answer arrives in the async context of whoever asked first
    // in this tick: what `use` records there would be missing from the caller's frame
    return this.#ask(address.key, address.stampKeys).then(use);
  }

  /** The same for many as one operation: what others wrote is noticed once, and a store elsewhere is asked once. */
  lookupAll(addresses: readonly Address[]): Awaitable<readonly Found[]> {
    const { reasonAgainst, gate } = this.#options;
    if (reasonAgainst || gate) {
      const stampKeys = addresses.flatMap((address) => address.stampKeys); // NOTE: which a hit in this process does without
      const reason = reasonAgainst?.(stampKeys);
      if (reason !== undefined) return addresses.map(() => ({ state: 'bypass', reason }));
      const confirmed = this.#confirm(stampKeys);
      if (confirmed) return this.#lookupAllConfirmed(confirmed, addresses);
    }
    const noticed = this.#noticeChangesElsewhere();
    if (!noticed) return this.#lookupAllNow(addresses);
    return noticed.then(
      () => this.#lookupAllNow(addresses),
      (error: unknown) => addresses.map(() => this.#failed('drop', error)),
    );
  }

  #lookupAllNow(addresses: readonly Address[]): Awaitable<readonly Found[]> {
    const { inProcess } = this.port;
    if (inProcess) return addresses.map((address) => this.#findHeld(inProcess, address));
    const request = jointRequest(addresses);
    return this.#answered<readonly Found[]>(
      (resolve, reject) => this.port.requestAll(request.keys, resolve, reject),
      (texts, error) => {
        const now = this.clock.now(); // NOTE: asked once, since that takes a good part of what judging a row does
        return texts
          ? request.map(texts, (address, own) => this.#judgeAnswer(address, own, now))
          : addresses.map(() => this.#failed('read', error));
      },
    );
  }

  /** What the database is asked before the entries behind the gate are read; undefined where it need not be. */
  #confirm(stampKeys: readonly string[]): Promise<Confirmed> | undefined {
    const { gate } = this.#options;
    return gate?.confirm && stampKeys[0] === gate.key ? gate.confirm(stampKeys) : undefined;
  }

  async #lookupConfirmed(asked: Promise<Confirmed>, key: string, stampKeys: readonly string[]): Promise<Found> {
    const confirmed = await asked;
    if ('reason' in confirmed) return { state: 'bypass', reason: confirmed.reason };
    return ifOfEpoch(await this.#lookupNow(key, stampKeys), confirmed.epoch);
  }

  async #lookupAllConfirmed(asked: Promise<Confirmed>, addresses: readonly Address[]): Promise<readonly Found[]> {
    const confirmed = await asked;
    if ('reason' in confirmed) return addresses.map(() => ({ state: 'bypass', reason: confirmed.reason }));
    return (await this.#lookupAllNow(addresses)).map((found) => ifOfEpoch(found, confirmed.epoch));
  }

  #lookupAfter(noticed: Promise<void>, key: string, stampKeys: readonly string[]): Promise<Found> {
    return noticed.then(
      () => this.#lookupNow(key, stampKeys),
      (error: unknown) => this.#failed('drop', error),
    );
  }

  #lookupNow(key: string, stampKeys: readonly string[], list?: AskedList): Awaitable<Found> {
    const { inProcess } = this.port;
    if (inProcess) return this.#judgeHeld(inProcess, key, stampKeys, list?.id);
    return this.#ask(key, stampKeys, list);
  }

  /** Asks a store elsewhere for an entry and its stamps, and judges it. */
  #ask(key: string, stampKeys: readonly string[], list?: AskedList): Promise<Found> {
    return this.#answered<Found>(
      (resolve, reject) => {
        if (list) this.port.requestValue(key, list, resolve, reject);
        else this.port.request(key, stampKeys, resolve, reject);
      },
      (texts, error) =>
        texts ? this.#judgeAnswer({ key, stampKeys }, texts, this.clock.now()) : this.#failed('read', error),
    );
  }

  /** Judges the texts of an entry and of its stamps. */
  #judgeAnswer(asked: Pick<Address, 'key' | 'stampKeys'>, texts: Texts, now: number): Found {
    const { gate } = this.#options;
    const isClosed = gate && texts[1] === undefined && asked.stampKeys[0] === gate.key;
    if (isClosed) return { state: 'bypass', reason: gateIsClosed };
    return judgedOnce(texts, now, () => this.#judgeText(asked.key, texts[0], texts, 1));
  }

  /** What `use` makes of the texts that `ask` gets, or of the error where there are none. One promise, since each costs. */
  #answered<T>(
    ask: (resolve: (texts: Texts) => void, reject: (error: unknown) => void) => void,
    use: (texts: Texts | undefined, error: unknown) => T,
  ): Promise<T> {
    const asked = new Promise<T>((resolve, reject) => {
      const answer = (texts: Texts | undefined, error?: unknown): void => {
        try {
          resolve(use(texts, error));
        } catch (failure) {
          reject(failure);
        }
      };
      ask(answer, (error) => answer(undefined, error));
    });
    return this.#options.onFailure === 'throw' ? asked.catch(spoilAndThrow) : asked;
  }

  /** The current texts under stamp keys, without judging anything. */
  async readStamps(stampKeys: readonly string[]): Promise<readonly (string | undefined)[] | undefined> {
    if (stampKeys.length === 0) return [];
    try {
      const confirmed = await this.#confirm(stampKeys);
      if (confirmed && 'reason' in confirmed) return undefined;
      await this.#noticeChangesElsewhere();
      const stamps = await this.port.read(stampKeys);
      return confirmed && stamps[0] !== confirmed.epoch ? undefined : stamps;
    } catch (error) {
      this.#failed('read', error);
      return undefined;
    }
  }

  /** What an in-process store holds for this key and is valid by its stamps; no I/O, no early refresh. */
  peek(key: string, stampKeys: readonly string[]): Hit | undefined {
    const { inProcess } = this.port;
    if (!inProcess || this.#options.reasonAgainst?.(stampKeys) !== undefined) return undefined;
    void this.#noticeChangesElsewhere(); // a store in process forgets at once
    const found = this.#judgeHeld(inProcess, key, stampKeys);
    return found.state === 'hit' ? found : undefined;
  }

  #findHeld(store: InProcessStore, address: Address): Hit | Miss {
    const { id } = address;
    const held = id === undefined ? store.held(address.key) : store.heldAt(address.prefix, id);
    if (held instanceof PackedEntry && held.isCurrent && held.expiresAt > this.clock.now()) return held;
    return this.#judgeHeld(store, address.key, address.stampKeys, address.listId);
  }

  #judgeHeld(store: InProcessStore, key: string, stampKeys: readonly string[], listId?: number): Hit | Miss {
    return unlessExpired(this.#judgeStamps(store, key, stampKeys, listId), this.clock.now());
  }

  #judgeStamps(store: InProcessStore, key: string, stampKeys: readonly string[], listId?: number): Hit | Miss {
    const held = store.held(key);
    if (held instanceof PackedEntry) return judge(held, stampsIn(store, stampKeys));
    if (!(held instanceof HeldEntry)) {
      return this.#judgeText(key, held instanceof HeldText ? held.text : undefined, stampsIn(store, stampKeys));
    }
    const found = new EntryHit(held.entry, held.bytes, true);
    if (!held.isCurrentUnder(listId)) {
      if (!areHeld(store, stampKeys, found.stamps)) return judge(found, stampsIn(store, stampKeys));
      held.listId = listId;
    }
    return found;
  }

  /** The stamps that are current begin at `from`; a hit, which has the same, makes no list of them. */
  #judgeText(key: string, text: string | undefined, stamps: readonly (string | undefined)[], from = 0): Hit | Miss {
    if (text === undefined) return { state: 'miss', reason: 'absent', stamps: stamps.slice(from), entry: undefined };
    const entry = decodeEntry(unpackText(text));
    if (entry) return judge(new EntryHit(entry, text.length, false), stamps, from);
    this.#options.events.corruptEntry(key);
    return { state: 'miss', reason: 'unreadable', stamps: stamps.slice(from), entry };
  }

  /**
   * Makes sure that every stamp exists, and answers them all; undefined if that is not possible now, and then nothing
   * may be stored. Must be done before the database is read. `seen` are stamps that a lookup has found already.
   */
  acquire(
    wanted: readonly string[],
    seen?: readonly (string | undefined)[],
    ttlMs: (stampKey: string) => number = this.#options.stampTtlMs,
  ): Awaitable<readonly string[] | undefined> {
    if (this.#options.reasonAgainst?.(wanted) !== undefined) return undefined;
    if (seen) return this.#acquireNow(wanted, seen, ttlMs);
    const noticed = this.#noticeChangesElsewhere(); // a lookup would have done that
    if (!noticed) return this.#acquireNow(wanted, [], ttlMs);
    return noticed.then(
      () => this.#acquireNow(wanted, [], ttlMs),
      (error: unknown) => {
        this.#failed('drop', error);
        return undefined;
      },
    );
  }

  #acquireNow(
    wanted: readonly string[],
    seen: readonly (string | undefined)[],
    ttlMs: (stampKey: string) => number,
  ): Awaitable<readonly string[] | undefined> {
    const missing = wanted.filter((_, index) => seen[index] === undefined);
    if (missing.length === 0) return areComplete(seen) ? seen : undefined;
    const requests = missing.map((key) => ({ key, value: randomStamp(), ttlMs: ttlMs(key) }));
    const answers = this.port.acquire(requests);
    if (!isPromise(answers)) return merge(wanted.length, seen, answers);
    return answers.then(
      (stamps) => merge(wanted.length, seen, stamps),
      (error: unknown) => {
        this.#failed('acquire', error);
        return undefined;
      },
    );
  }

  /**
   * Keeps a value; false where it is too large for that. Nobody waits for it; if it is outdated by now its stamps tell.
   * Long texts are packed on the way to a store elsewhere.
   */
  fill(fill: Fill): boolean {
    const createdAt = this.clock.now();
    const entry: Entry = {
      createdAt,
      expiresAt: createdAt + fill.ttlMs,
      softExpiresAt: fill.softMs === undefined ? undefined : createdAt + fill.softMs,
      costMs: fill.costMs,
      stamps: fill.stamps,
      dependencies: fill.dependencies,
      payload: fill.payload,
    };
    const { inProcess } = this.port;
    const held = inProcess && toHeld(inProcess, entry, fill);
    const value = held ? '' : encodeEntry(entry);
    if ((held?.bytes ?? value.length) > (fill.maxBytes ?? Infinity)) return false;
    if (held) inProcess.hold(fill.key, held);
    else if (weakened.stampsBeforeRead && isOfRow(fill)) void this.#fillUnderNewStamps(fill, entry, fill.stampKeys);
    else this.port.write({ key: fill.key, value: packText(value), ttlMs: fill.ttlMs, note: fill.note });
    return true;
  }

  /** Only for tests, which show what happens then. */
  async #fillUnderNewStamps({ key, ttlMs }: Fill, entry: Entry, stampKeys: readonly string[]): Promise<void> {
    const stamps = await this.acquire(stampKeys);
    if (stamps) this.port.write({ key, value: packText(encodeEntry({ ...entry, stamps })), ttlMs });
  }

  /**
   * Drops stamps: every entry that carries one of them is no hit from now on. Called after COMMIT. When it resolves,
   * no reader can hit those entries; with `onFailure: 'degrade'` it also resolves when the store could not be reached,
   * and then the store's wrapper keeps trying while this process reads from the database.
   */
  drop(stampKeys: readonly string[]): Promise<void> {
    if (stampKeys.length === 0) return Promise.resolve();
    const frame = currentFrame(); // NOTE: the answer arrives in another async context
    return new Promise((resolve, reject) => {
      this.port.requestDrop(stampKeys, resolve, (error) => {
        this.#noteFailure('drop', error, frame);
        if (this.#options.onFailure === 'throw') reject(error);
        else resolve();
      });
    });
  }

  /** Resolves when nothing is being stored any more. */
  drain(): Promise<void> {
    return this.port.drain();
  }

  /**
   * Where the database says that others wrote, everything that was stored before is no hit any more. What they wrote
   * before this process began to look is not known, so they are taken to have written.
   */
  #noticeChangesElsewhere(): Promise<void> | undefined {
    const { changedElsewhere } = this.#options;
    if (!changedElsewhere) return undefined;
    const changed = changedElsewhere();
    if (changed === true) this.#foreignChanges += 1;
    const { keyspace } = this;
    if (this.#forgotten.get(keyspace) !== this.#foreignChanges) {
      this.#forgotten.set(keyspace, this.#foreignChanges);
      this.#dropBeforeReading([keyspace.epoch]);
    } else if (changed) {
      this.#dropBeforeReading(changed as readonly string[]); // true grew the number
    }
    return this.#barrier;
  }

  #dropBeforeReading(stampKeys: readonly string[]): void {
    const dropped = this.port.drop(stampKeys);
    if (isPromise(dropped)) this.#raiseBarrier(dropped);
  }

  #raiseBarrier(dropped: Promise<void>): void {
    const barrier = Promise.all([this.#barrier, dropped]).then(() => undefined);
    this.#barrier = barrier;
    const lower = (): void => {
      if (this.#barrier === barrier) this.#barrier = undefined;
    };
    barrier.then(lower, lower);
  }

  #failed(operation: 'read' | 'acquire' | 'drop', error: unknown): Bypass {
    this.#noteFailure(operation, error);
    if (this.#options.onFailure === 'throw') throw error;
    return { state: 'bypass', reason: error instanceof Error ? error.message : String(error) };
  }

  #noteFailure(operation: 'read' | 'acquire' | 'drop', error: unknown, frame = currentFrame()): void {
    this.#options.events.storeFailed(operation, error);
    frame?.spoil('the store failed');
  }
}
