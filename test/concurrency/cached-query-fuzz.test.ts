import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { connect, type Database } from '../../src/index.js';
import type { InvalidationEvent, QueryEvent } from '../../src/telemetry/channels.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { fuzzModels } from '../support/query-fuzz-models.js';
import { RandomWrites } from '../support/query-fuzz-writes.js';
import { questions, type Question } from '../support/query-fuzz.js';
import { Random } from '../support/random.js';

/*
 * Random questions, and random writes of every kind between them: each cached answer must be what the same question
 * gets without the cache. QUERY_FUZZ_SEED repeats a run, QUERY_FUZZ_STEPS makes it longer.
 */

const steps = Number(process.env['QUERY_FUZZ_STEPS'] ?? 120);
const pool = 24;
const asked = 8;

/** How precisely answers are invalidated. */
interface Precision {
  questions: number;
  hits: number;
  /** Made again although the answer had not changed. */
  needless: number;
  /** What dropping every answer of a table with each write to it would have made again in vain. */
  needlessByTable: number;
}

/** A question with what is known of its last answer. */
interface Asked {
  readonly question: Question;
  answer: string | undefined;
  readonly tables: Set<string>;
  touched: boolean;
}

class Fuzzer {
  readonly random: Random;
  readonly precision: Precision = { questions: 0, hits: 0, needless: 0, needlessByTable: 0 };
  readonly #db: Database;
  readonly #writes: RandomWrites;
  readonly #pool: Asked[];
  readonly #log: string[] = [];

  constructor(db: Database, random: Random) {
    this.#db = db;
    this.random = random;
    this.#writes = new RandomWrites(db, random);
    const drawn = fc.sample(questions(), { seed: random.seed, numRuns: pool });
    this.#pool = drawn.map((question) => ({ question, answer: undefined, tables: new Set(), touched: false }));
  }

  async run(): Promise<void> {
    await this.#writes.begin();
    for (let step = 0; step < steps; step += 1) {
      const touched = await this.#tablesOf(async () => void this.#log.push(await this.#writes.next()));
      for (const one of this.#pool) if ([...one.tables].some((table) => touched.has(table))) one.touched = true;
      for (let turn = 0; turn < asked; turn += 1) await this.#compare(this.random.oneOf(this.#pool));
    }
  }

  async #compare(one: Asked): Promise<void> {
    const before = this.#db.stats();
    const cached = JSON.stringify(await one.question.ask(true));
    const after = this.#db.stats();
    const wanted = JSON.stringify(await this.#noting(one, () => one.question.ask(false)));
    if (cached !== wanted) {
      const history = this.#log.slice(-12).join('\n  ');
      expect.fail(
        `${one.question.text}: cached ${cached}, uncached ${wanted} (QUERY_FUZZ_SEED=${this.random.seed})\n  ${history}`,
      );
    }
    this.#account(one, cached, after.misses === before.misses);
  }

  #account(one: Asked, answer: string, isHit: boolean): void {
    this.precision.questions += 1;
    if (isHit) this.precision.hits += 1;
    if (one.answer === answer) {
      if (!isHit) this.precision.needless += 1;
      if (one.touched) this.precision.needlessByTable += 1;
    }
    one.answer = answer;
    one.touched = false;
  }

  /** Notes which tables a question reads. */
  async #noting<T>(one: Asked, ask: () => Promise<T>): Promise<T> {
    const note = (event: unknown): void => {
      const { text } = event as QueryEvent; // what this channel carries
      for (const [table] of text.matchAll(/fuzz_\w+/g)) one.tables.add(table);
    };
    subscribe('moneyclip:query', note);
    try {
      return await ask();
    } finally {
      unsubscribe('moneyclip:query', note);
    }
  }

  /** The tables that a write changed something in. */
  async #tablesOf(write: () => Promise<void>): Promise<ReadonlySet<string>> {
    const tables = new Set<string>();
    const note = (event: unknown): void => {
      const { stamps } = event as InvalidationEvent; // what this channel carries
      for (const stamp of stamps) for (const [table] of stamp.matchAll(/fuzz_\w+/g)) tables.add(table);
    };
    subscribe('moneyclip:invalidation', note);
    try {
      await write();
    } finally {
      unsubscribe('moneyclip:invalidation', note);
    }
    return tables;
  }
}

describe('every cached query equals the same query without the cache', () => {
  for (const database of ['sqlite', 'postgres'] as const) {
    for (const cache of ['memory:', 'redis'] as const) {
      it(`after each of ${steps} random writes, on ${database} and ${cache}`, async function () {
        this.timeout(0);
        const random = Random.fromEnvironment('QUERY_FUZZ_SEED');
        const db = await connect({
          database: await freshDatabase(database),
          cache: cache === 'redis' ? await sharedRedisUrl() : cache,
          prefix: freshPrefix(),
        });
        try {
          await db.createTables(fuzzModels);
          const fuzzer = new Fuzzer(db, random);
          await fuzzer.run();
          const { questions: all, hits, needless, needlessByTable } = fuzzer.precision;
          if (process.env['QUERY_FUZZ_STEPS']) {
            process.stdout.write(`${JSON.stringify({ seed: random.seed, ...fuzzer.precision })}\n`);
          }
          expect(hits, 'answers from the cache').to.be.above(all / 10);
          expect(needless, 'answers made again in vain').to.be.below(needlessByTable);
        } finally {
          await db.close();
        }
      });
    }
  }
});
