import type { Clock } from '../../support/clock.js';
import { weakened } from '../../support/weakened.js';
import { Deadline } from '../../support/deadline.js';
import type { GateClient } from './gate-client.js';
import { markScript, unmarkScript } from './mark-scripts.js';

/** More stamps than these would keep Redis busy for too long at once. */
const stampsPerScript = 500;
/** The same for transactions that nobody ended. */
const mostUnended = 100;

/** A transaction that is about to commit, and the gate that must be valid where it marks stamps. */
export interface Writer {
  /** The transaction's id in the database. */
  readonly id: string;
  readonly epoch: string;
  readonly runId: string;
}

export interface WriteMarksOptions {
  readonly client: GateClient;
  /** The key of the gate; the keys of the marks' index begin with it. */
  readonly gateKey: string;
  readonly clock: Clock;
  readonly longestWaitMs: number;
}

/**
 * Marks the stamps of what transactions are about to change. A marked stamp reads as if there were none and cannot be
 * acquired, so that readers go to the database and store nothing until the mark is gone.
 *
 * Invariant: every mark is in the index until it is taken away, so that a relay finds those of writers that died.
 */
export class WriteMarks {
  readonly #options: WriteMarksOptions;
  readonly #deadline: Deadline;

  constructor(options: WriteMarksOptions) {
    this.#options = options;
    this.#deadline = new Deadline(options.clock, options.longestWaitMs);
  }

  /** False where the gate is not valid; then some may be marked all the same. Rejects where that is not known. */
  async mark(writer: Writer, stampKeys: readonly string[]): Promise<boolean> {
    if (weakened.marks) return true;
    return this.#runParts(markScript, writer, stampKeys);
  }

  /** Drops stamps, with the mark of this writer alone; answers whether the gate is valid. Rejects where that is not known. */
  unmark(writer: Writer, stampKeys: readonly string[]): Promise<boolean> {
    return this.#runParts(unmarkScript, writer, stampKeys);
  }

  /** The ids of transactions whose marks are still there, the oldest first. */
  async unended(): Promise<readonly string[]> {
    const answer = await this.#eval(
      "return redis.call('ZRANGE', KEYS[1], 0, ARGV[1])",
      [this.#index],
      [String(mostUnended - 1)],
    );
    return texts(answer);
  }

  /** Drops what a transaction marked that is known to have ended. */
  async end(id: string): Promise<void> {
    const { keyPrefix = '' } = this.#options.client.options ?? {};
    const found = texts(await this.#eval("return redis.call('SMEMBERS', KEYS[1])", [this.#keyOf(id)], []));
    const stampKeys = found.map((key) => key.slice(keyPrefix.length)); // NOTE: the client puts it before them again
    const writer = { id, epoch: '', runId: '' }; // no gate is asked about
    for (const part of partsOf(stampKeys)) await this.#run(unmarkScript, writer, part);
    if (stampKeys.length === 0) await this.#run(unmarkScript, writer, []);
  }

  get #index(): string {
    return `${this.#options.gateKey}:writers`;
  }

  #keyOf(id: string): string {
    return `${this.#options.gateKey}:writer:${id}`;
  }

  /** One round trip, however many stamps; true where each part says so. */
  async #runParts(script: string, writer: Writer, stampKeys: readonly string[]): Promise<boolean> {
    const answers = await Promise.all(partsOf(stampKeys).map((part) => this.#run(script, writer, part)));
    return answers.every(Boolean);
  }

  async #run(script: string, { id, epoch, runId }: Writer, stampKeys: readonly string[]): Promise<boolean> {
    const keys = [this.#options.gateKey, this.#index, this.#keyOf(id), ...stampKeys];
    return (await this.#eval(script, keys, [epoch, runId, id])) === 1;
  }

  #eval(script: string, keys: readonly string[], words: readonly string[]): Promise<unknown> {
    return this.#deadline.race(this.#options.client.eval(script, keys.length, ...keys, ...words));
  }
}

function texts(answer: unknown): readonly string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
}

function partsOf(stampKeys: readonly string[]): readonly (readonly string[])[] {
  const parts: (readonly string[])[] = [];
  for (let start = 0; start < stampKeys.length; start += stampsPerScript) {
    parts.push(stampKeys.slice(start, start + stampsPerScript));
  }
  return parts;
}
