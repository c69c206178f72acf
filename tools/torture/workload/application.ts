import { setTimeout as wait } from 'node:timers/promises';
import { connect, type ConnectOptions, type Database } from '../../../src/index.js';
import { Random } from '../../../test/support/random.js';
import { finalOp } from '../history/records.js';
import type { Level } from '../promises.js';
import { Actor, type Shown } from './actor.js';
import { Holder } from './models.js';
import { lookups, readKinds } from './reads.js';
import { Recorder } from './recorder.js';
import { allCells, buckets, holders, nicks, notes, shelves } from './rows.js';
import { weighted } from './weighted.js';
import { writeKinds } from './writes.js';

/** What one process of the application is told when it begins. */
export interface ApplicationSettings {
  readonly database: string;
  readonly redis: string;
  readonly prefix: string;
  readonly level: Level;
  readonly seed: number;
  /** What it numbers its writes from. */
  readonly firstWrite: number;
  /** Where it writes its history. */
  readonly history: string;
  readonly readers: number;
  readonly writers: number;
  /** The longest pause between two reads of one reader. */
  readonly pauseMs: number;
  /** The longest pause between two writes of one writer. */
  readonly writePauseMs: number;
  /** How long a change may stay unseen, at the levels that say so. */
  readonly windowMs: number;
  /** Another library that is to do the work. */
  readonly peer: string | undefined;
}

/** How often something was tried and failed, such as while the database was away. */
export interface Work {
  readonly reads: number;
  readonly failedReads: number;
  readonly writes: number;
  readonly failedWrites: number;
  /** Messages of failures, each once. */
  readonly reasons: readonly string[];
}

const mostReasons = 20;
const afterFailureMs = 25;

/** A process that reads and writes as an application does, until it is told to stop. */
export class Application {
  readonly #db: Database;
  readonly #actor: Actor;
  readonly #recorder: Recorder;
  readonly #settings: ApplicationSettings;
  readonly #counts = { reads: 0, failedReads: 0, writes: 0, failedWrites: 0 };
  readonly #reasons = new Set<string>();
  #loops: Promise<unknown> = Promise.resolve();
  #isOver = false;

  private constructor(db: Database, settings: ApplicationSettings) {
    this.#db = db;
    this.#settings = settings;
    this.#recorder = new Recorder(settings.history);
    this.#actor = new Actor(new Random(settings.seed), this.#recorder, settings);
  }

  static async open(settings: ApplicationSettings): Promise<Application> {
    const { database, redis: cache, prefix } = settings;
    const db = await connect({ database, cache, prefix, queryTimeout: '10s', ...levelOptions(settings) });
    return new Application(db, settings);
  }

  start(): void {
    const { readers, writers } = this.#settings;
    this.#loops = Promise.all([
      ...Array.from({ length: readers }, () => this.#readOn()),
      ...Array.from({ length: writers }, () => this.#writeOn()),
    ]);
  }

  async stop(): Promise<Work> {
    this.#isOver = true;
    await this.#loops;
    return { ...this.#counts, reasons: [...this.#reasons] };
  }

  /** Makes everything invalid, so that what one fault has spoiled is not blamed on the next. */
  heal(): Promise<void> {
    return this.#db.invalidateAll();
  }

  /** Reads everything twice, so that the second time it may come from the cache. */
  async readEverything(): Promise<void> {
    const all: (() => Promise<Shown>)[] = [
      ...allCells.map((id) => () => lookups.cell(id)),
      ...holders.map((id) => () => lookups.holder(id)),
      ...holders.map((id) => async () => lookups.summary(await Holder.cache.get(id))),
      ...notes.map((id) => () => lookups.note(id)),
      ...nicks.map((nick) => () => lookups.nick(nick)),
      ...buckets.flatMap((bucket) => [lookups.bucket, lookups.count, lookups.report].map((look) => () => look(bucket))),
      ...shelves.map((shelf) => () => lookups.shelf(shelf)),
    ];
    for (let time = 1; time <= 2; time += 1) {
      for (const look of all) await this.#actor.observe(finalOp, look);
    }
  }

  async close(): Promise<void> {
    this.#recorder.close();
    await this.#db.close();
  }

  async #readOn(): Promise<void> {
    while (!this.#isOver) {
      const { run } = weighted(readKinds, this.#actor.random);
      this.#counts.reads += 1;
      await run(this.#actor).catch((error: unknown) => this.#noteFailure('failedReads', error));
      await this.#actor.pause(this.#settings.pauseMs);
    }
  }

  async #writeOn(): Promise<void> {
    while (!this.#isOver) {
      const { run, op } = weighted(writeKinds, this.#actor.random);
      this.#counts.writes += 1;
      await run(this.#actor, op, this.#db).catch((error: unknown) => this.#noteFailure('failedWrites', error));
      await this.#actor.pause(this.#settings.writePauseMs);
    }
  }

  #noteFailure(kind: 'failedReads' | 'failedWrites', error: unknown): Promise<void> {
    this.#counts[kind] += 1;
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    if (this.#reasons.size < mostReasons) this.#reasons.add(reason.slice(0, 200));
    return wait(afterFailureMs);
  }
}

function levelOptions({ level, windowMs: window }: ApplicationSettings): Partial<ConnectOptions> {
  if (level === 'plain') return {};
  if (level === 'capture') return { capture: true };
  return { guarantee: { level, window } };
}
