import type { DatabaseConnection } from '../database/database-connection.js';
import type { OwnConnection } from '../database/own-connection.js';
import { Backoff } from '../store/backoff.js';
import { longestSince, momentOf, type Clock, type Moment } from '../support/clock.js';
import { pauses, weakened } from '../support/weakened.js';
import type { CaptureSettings } from './capture-options.js';
import { Consumer, type Batch, type GateAsk } from './consumer.js';
import type { GateKeeper } from './gate-keeper.js';
import type { RecordedChange } from './recorded-changes.js';

/** How many changes are read at once. */
const batchSize = 200;
/** Processes that do not lead read so many times less often. */
const followersPatience = 20;
const housekeepingMs = 60_000;
/** How long the end waits for what is under way. */
const longestWaitAtEndMs = 1000;

/** What a relay does its work with. */
export interface RelayTasks {
  /** The name of the cache; rejects while the store cannot be asked. */
  identity(): Promise<string>;
  /** Forgets everything that is cached; rejects where that is not certain. */
  forgetEverything(): Promise<void>;
  /** Drops what changes touch; rejects where that is not certain. */
  apply(changes: readonly RecordedChange[]): Promise<void>;
  /** Looks whether anything can be captured; answers false where nothing can. */
  isPossible(connection: OwnConnection): Promise<boolean>;
  /** Compares the triggers with what the models need, after `isPossible`. */
  checkTables(consumer: Consumer): Promise<void>;
  /** Everything that was committed until then was heard of. */
  heard(askedAt: Moment): void;
  /** Nothing can be said to be heard of now: the gate of the cache is not granted. */
  waitsForGate(): void;
  failed(error: unknown): void;
}

export interface RelayOptions {
  readonly connection: DatabaseConnection;
  readonly clock: Clock;
  readonly settings: CaptureSettings;
  readonly prefix: string;
  readonly tasks: RelayTasks;
  /** Keeps the gate of the cache, where there is one. */
  readonly keeper?: GateKeeper | undefined;
}

/** A connection that reads the outbox for one cache. */
interface Session {
  readonly own: OwnConnection;
  consumer: Consumer | undefined;
  /** True where it need not leave the work to another process. */
  leads: boolean;
}

/**
 * Reads the outbox again and again, and makes the cache forget what was changed.
 *
 * Invariant: a change leaves the outbox only after every stamp that it touches was dropped. Any number of relays may
 * work for one cache at a time: what each of them does twice does no harm.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #backoff: Backoff;
  #session: Session | undefined;
  #consumerId: string | undefined;
  #cancelTimer: (() => void) | undefined;
  #pass: Promise<void> | undefined;
  /** When the tables were checked last; undefined where that is due. */
  #checkedAt: Moment | undefined;
  #housekeptAt: Moment | undefined;
  #isCheckWanted = false;
  #isStarted = false;
  #isClosed = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#backoff = new Backoff({
      firstMs: options.settings.pollMs,
      longestMs: Math.max(2000, options.settings.pollMs),
    });
  }

  /** Runs once, and from then on by itself. Resolves also where that failed; it is tried again. */
  async start(): Promise<void> {
    await this.#run();
    this.#isStarted = true;
    this.#session?.own.unref();
  }

  /** How the database knows this cache, or did while it was listened to last; undefined before that. */
  get consumerId(): string | undefined {
    return this.#consumerId;
  }

  /** Reads the outbox without waiting for the time to come. */
  hearSoon(): void {
    if (this.#pass || this.#isClosed || !this.#isStarted) return;
    this.#schedule(0);
  }

  /** Checks the tables without waiting for the time to come. */
  checkSoon(): void {
    this.#checkedAt = undefined;
    this.#isCheckWanted = true;
    if (this.#pass || this.#isClosed) return;
    this.#schedule(0);
  }

  /** Ends it after what is under way. With `leave`, the outbox waits for this cache no longer. */
  async close(leave: boolean): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    const giveUp = this.#options.clock.schedule(longestWaitAtEndMs, () => this.#session?.own.discard());
    await this.#pass;
    giveUp();
    // NOTE: a consumer that cannot say good-bye is forgotten after a while
    if (leave) await this.#session?.consumer?.leave().catch(() => undefined);
    await this.#endSession();
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.schedule(delayMs, () => void this.#run());
  }

  async #run(): Promise<void> {
    this.#pass = this.#runOnce().then((delayMs) => {
      this.#pass = undefined;
      const soonMs = this.#isCheckWanted ? this.#options.settings.pollMs : delayMs;
      if (!this.#isClosed) this.#schedule(Math.min(delayMs, soonMs));
    });
    await this.#pass;
  }

  /** Answers how long to wait for the next time. */
  async #runOnce(): Promise<number> {
    const { clock, settings, tasks } = this.#options;
    try {
      const session = await this.#open();
      if (!(await this.#prepare(session))) return settings.checkMs;
      const askedAt = momentOf(clock); // NOTE: not when it was answered: what was committed meanwhile may not be among it
      const isCurrent = await this.#hear(session);
      await this.#keepHouse(session);
      this.#backoff.reset();
      if (!isCurrent) return this.#patienceAtGate();
      tasks.heard(askedAt);
      return this.#patience(session);
    } catch (error) {
      await this.#endSession(); // NOTE: and with it the lead, for whoever gets further
      this.#checkedAt = undefined;
      tasks.failed(error);
      return this.#backoff.next();
    }
  }

  async #open(): Promise<Session> {
    if (this.#session) return this.#session;
    const own = await this.#options.connection.openOwn();
    this.#session = { own, consumer: undefined, leads: false };
    if (this.#isStarted) own.unref(); // NOTE: not before, since somebody waits for the first time
    return this.#session;
  }

  /** Checks what is due, and joins. False where nothing can be captured now. */
  async #prepare(session: Session): Promise<boolean> {
    const { clock, settings, tasks } = this.#options;
    const isDue = !session.consumer || !this.#checkedAt || longestSince(clock, this.#checkedAt) >= settings.checkMs;
    if (isDue) {
      this.#checkedAt = momentOf(clock);
      this.#isCheckWanted = false;
    }
    if (isDue && !(await tasks.isPossible(session.own))) {
      session.consumer = undefined;
      return false;
    }
    const consumer = session.consumer ?? (await this.#join(session));
    if (isDue) await tasks.checkTables(consumer);
    if (!session.leads) session.leads = await consumer.lead();
    return true;
  }

  async #join(session: Session): Promise<Consumer> {
    const { settings, prefix, tasks, keeper } = this.#options;
    const consumer = new Consumer(session.own, settings.schema, await tasks.identity());
    const isNew = await (keeper ? consumer.joinAtGate(prefix) : consumer.join(prefix));
    if (isNew) await tasks.forgetEverything();
    this.#housekeptAt = undefined; // NOTE: what was written before it joined nobody may wait for
    session.leads = await consumer.isPooled(session.own); // NOTE: where no lock can tell who leads, everybody does
    session.consumer = consumer;
    this.#consumerId = consumer.id;
    return consumer;
  }

  /** Says that nothing can be said, and answers how long to wait for the next time. */
  #patienceAtGate(): number {
    const { settings, keeper, tasks } = this.#options;
    if (keeper) tasks.waitsForGate();
    return Math.min(settings.pollMs, keeper?.patienceMs ?? settings.pollMs);
  }

  #patience({ leads }: Session): number {
    const { settings, keeper } = this.#options;
    const patienceMs = leads ? settings.pollMs : settings.pollMs * followersPatience;
    return keeper ? Math.min(patienceMs, keeper.patienceMs) : patienceMs;
  }

  /** Drops what waits in the outbox, and says that it did. False where it cannot say so now. */
  #hear(session: Session): Promise<boolean> {
    const { keeper } = this.#options;
    return keeper ? this.#hearAtGate(session, keeper) : this.#hearOpenly(session);
  }

  async #hearOpenly(session: Session): Promise<boolean> {
    const batch = await this.#read(session, '0');
    const ids = batch && (await this.#applyAll(session, batch));
    // NOTE: the first snapshot; what was committed since is among the last ids, but maybe not all of it
    if (batch && ids && ids.length > 0) await session.consumer?.heard(batch.snapshot, ids);
    return ids !== undefined;
  }

  /** The same for a cache with a gate: only while the database grants it to the process of Redis that drops the stamps. */
  async #hearAtGate(session: Session, keeper: GateKeeper): Promise<boolean> {
    const isDue = keeper.isDue(session.leads);
    const look = await keeper.look(isDue);
    const ask = keeper.ask(look, isDue);
    const batch = await this.#read(session, '0', ask);
    const { consumer } = session;
    if (!batch || !consumer) return false;
    const gate = await keeper.accepted(batch.gate, session, look);
    if (!gate) return false;
    keeper.granted(gate, isDue);
    if (pauses.beforeRenewal) await pauses.beforeRenewal();
    const { id } = consumer;
    if (weakened.dropBeforeRenewal && isDue) await keeper.renew(look, gate, id);
    const ids = await this.#applyAll(session, batch, { ...ask, beats: false });
    if (!ids) return false;
    keeper.assertSame(look);
    if (isDue && !weakened.dropBeforeRenewal) await keeper.renew(look, gate, id);
    if (ids.length > 0) await consumer.heard(batch.snapshot, ids);
    if (isDue) await keeper.endWriters(session.own);
    return true;
  }

  /** Drops everything that waits; the ids of it, or undefined where the cache was taken for gone or lost its gate meanwhile. */
  async #applyAll(session: Session, first: Batch, ask?: GateAsk): Promise<readonly string[] | undefined> {
    const ids: string[] = [];
    let batch = first;
    while (batch.ids.length > 0) {
      if (pauses.beforeDrops) await pauses.beforeDrops();
      if (!weakened.outbox) await this.#options.tasks.apply(batch.changes);
      ids.push(...batch.ids);
      if (batch.ids.length < batchSize) break;
      const next = await this.#read(session, ids.at(-1) ?? '0', ask);
      if (!next || (ask && !next.gate)) return undefined;
      batch = next;
    }
    return ids;
  }

  async #read(session: Session, afterId: string, ask?: GateAsk): Promise<Batch | undefined> {
    const { consumer } = session;
    const batch = await (ask && weakened.oneStatement
      ? consumer?.readInTwo(afterId, batchSize, ask)
      : consumer?.read(afterId, batchSize, ask));
    if (batch) return batch;
    // NOTE: others took this cache for gone, and what was changed since is not known
    session.consumer = undefined;
    await this.#join(session);
    return undefined;
  }

  async #keepHouse({ consumer }: Session): Promise<void> {
    const { clock } = this.#options;
    if (this.#housekeptAt && longestSince(clock, this.#housekeptAt) < housekeepingMs) return;
    this.#housekeptAt = momentOf(clock);
    await consumer?.keepHouse();
  }

  async #endSession(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.own.close();
  }
}
