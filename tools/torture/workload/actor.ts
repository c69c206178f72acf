import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../../../test/support/random.js';
import { monotonicMs, type Holds, type Seen } from '../history/records.js';
import type { Recorder } from './recorder.js';

/** What a read shows, and whether all of it has to hold at one moment wherever it came from. */
export interface Shown {
  readonly seen: readonly Seen[];
  /** Of what is `apart` all holds at one moment if it came from the cache as one entry. */
  readonly holds: Holds;
}

export interface ActorOptions {
  readonly firstWrite: number;
  /** Of a library that only tells when it asks the database. */
  readonly isHitUnlessTold?: boolean;
}

interface Outcome {
  label?: string;
  hit: boolean;
}

interface CacheEvent {
  readonly label: string;
  readonly outcome: string;
  readonly reason?: string;
}

/** One process of the application at work: chance, the history, and numbers for its writes. */
export class Actor {
  readonly random: Random;
  readonly #recorder: Recorder;
  readonly #outcomes = new AsyncLocalStorage<Outcome>();
  readonly #isHitUnlessTold: boolean;
  #lastWrite: number;

  constructor(random: Random, recorder: Recorder, { firstWrite, isHitUnlessTold = false }: ActorOptions) {
    this.random = random;
    this.#recorder = recorder;
    this.#lastWrite = firstWrite;
    this.#isHitUnlessTold = isHitUnlessTold;
    subscribe('moneyclip:cache', (event) => this.#noteOutcome(event as CacheEvent)); // its type
  }

  /** Runs a read and writes down what it showed. */
  async observe(op: string, run: () => Promise<Shown>): Promise<void> {
    const outcome: Outcome = { hit: this.#isHitUnlessTold };
    const from = monotonicMs();
    const { seen, holds } = await this.#outcomes.run(outcome, run);
    const { hit } = outcome;
    this.#recorder.read({
      op,
      from,
      to: monotonicMs(),
      hit,
      holds: holds === 'apart' && hit ? 'at once' : holds,
      seen,
    });
  }

  /** The read that is under way asks the database. */
  queried(): void {
    const noted = this.#outcomes.getStore();
    if (noted) noted.hit = false;
  }

  nextWrite(): number {
    this.#lastWrite += 1;
    return this.#lastWrite;
  }

  /** Runs a write and writes down its steps. `work` says when it is about to commit, if not with its first statement. */
  async write(op: string, numbers: readonly number[], work: (sent: () => void) => Promise<unknown>): Promise<void> {
    const step = (k: 'begin' | 'sent' | 'ack' | 'fail'): void => {
      for (const number of numbers) this.#recorder.write(k, op, number);
    };
    step('begin');
    try {
      await work(() => step('sent'));
      step('ack');
    } catch (error) {
      step('fail');
      throw error;
    }
  }

  /** True so often. */
  chance(share: number): boolean {
    return this.random.fraction() < share;
  }

  /**
   * One of a list, the last ones seldom: what stays as it is for a while shows that a change was missed, which the next
   * write to it would hide.
   */
  mostlyEarly<T>(list: readonly T[]): T {
    const place = Math.floor(this.random.fraction() ** 4 * list.length);
    return list[place] ?? this.random.oneOf(list);
  }

  async pause(mostMs: number): Promise<void> {
    await wait(this.random.fraction() * mostMs);
  }

  /** The first use of the cache in a read decides: what it reads inside, it reads because that was no hit. */
  #noteOutcome({ label, outcome, reason }: CacheEvent): void {
    if (label === 'store' && reason?.startsWith('drop failed')) this.#recorder.late();
    const noted = this.#outcomes.getStore();
    if (!noted || noted.label !== undefined) return;
    noted.label = label;
    noted.hit = outcome === 'hit';
  }
}
