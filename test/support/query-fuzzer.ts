import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import fc from 'fast-check';
import { transaction, type Database } from '../../src/index.js';
import type { InvalidationEvent, QueryEvent } from '../../src/telemetry/channels.js';
import { RandomWrites } from './query-fuzz-writes.js';
import { questions, type Question } from './query-fuzz.js';
import type { Random } from './random.js';
import { isPostgres, ScriptedTransaction } from './scripted-transaction.js';

const pool = 24;
const asked = 8;
const mostOpen = 4;

/** How precisely answers are invalidated. */
export interface Precision {
  questions: number;
  hits: number;
  /** Made again although the answer had not changed. */
  needless: number;
  /** What dropping every answer of a table with each write to it would have made again in vain. */
  needlessByTable: number;
  /** Transactions that began while others were open. */
  together: number;
}

/** A question with what is known of its last answer. */
interface Asked {
  readonly question: Question;
  answer: string | undefined;
  readonly tables: Set<string>;
  touched: boolean;
}

/**
 * Asks random questions between random writes, alone and in transactions that are open at the same time: each cached
 * answer must be what the same question gets without the cache.
 */
export class QueryFuzzer {
  readonly random: Random;
  readonly precision: Precision = { questions: 0, hits: 0, needless: 0, needlessByTable: 0, together: 0 };
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

  async run(steps: number): Promise<void> {
    await this.#writes.begin();
    for (let step = 0; step < steps; step += 1) {
      if (this.random.below(5) === 0) await this.#together();
      else await this.#touching(async () => this.#note(await this.#writes.next()));
      await this.#compareSome(asked);
    }
  }

  /** Transactions that are open at the same time, their steps and ends in any order, and questions between all of them. */
  async #together(): Promise<void> {
    const open: ScriptedTransaction[] = [];
    for (let moves = 4 + this.random.below(8); moves > 0 || open.length > 0; moves -= 1) {
      const one = open[this.random.below(Math.max(1, open.length))];
      const move = this.random.below(moves > 0 ? 6 : 1);
      if (one && (move === 0 || moves <= 0)) {
        open.splice(open.indexOf(one), 1);
        await this.#end(one);
      } else if (!one || (move === 1 && open.length < this.#mostOpen)) {
        if (open.length > 0) this.precision.together += 1;
        open.push(await this.#begin());
      } else {
        await this.#step(one);
      }
      await this.#compareSome(1);
    }
  }

  /** SQLite has one transaction at a time. */
  get #mostOpen(): number {
    return this.#isPostgres ? mostOpen : 1;
  }

  get #isPostgres(): boolean {
    return isPostgres(this.#db);
  }

  #begin(): Promise<ScriptedTransaction> {
    this.#note('BEGIN');
    const isolation = this.random.below(3) === 0 ? 'repeatable read' : undefined;
    return ScriptedTransaction.begin(this.#db, this.#isPostgres ? isolation : undefined);
  }

  /** A write that is undone alone where it is refused, or a question: inside nothing may come from the cache. */
  async #step(one: ScriptedTransaction): Promise<void> {
    if (this.random.below(3) > 0) {
      this.#note(
        `in a transaction: ${await one.step(() => this.#writes.next((write) => transaction(write as () => Promise<void>)))}`,
      );
      return;
    }
    const { question } = this.random.oneOf(this.#pool);
    const before = this.#db.stats().hits;
    const answer = JSON.stringify(await one.step(() => question.ask(true)));
    expect(this.#db.stats().hits, `${question.text}: hits in a transaction (${this.#replay})`).to.equal(before);
    this.#assertSame(question, answer, JSON.stringify(await one.step(() => question.ask(false))));
  }

  /** Ends it, while questions are on their way that may see it or not; what is asked afterwards must. */
  async #end(one: ScriptedTransaction): Promise<void> {
    const how = this.random.oneOf(['commit', 'commit', 'roll back'] as const);
    const overlapping = Array.from({ length: this.random.below(3) }, () => this.random.oneOf(this.#pool));
    await this.#touching(async () => {
      const answers = overlapping.map(({ question }) => question.ask(true));
      await one.end(how).catch((error: unknown) => this.#note(`refused: ${String(error)}`));
      await Promise.all(answers);
    });
    this.#note(how.toUpperCase());
    await this.#compareSome(2);
  }

  /** Makes a write, and notes which questions it may have touched. */
  async #touching(write: () => Promise<void>): Promise<void> {
    const touched = await this.#tablesOf(write);
    for (const one of this.#pool) if ([...one.tables].some((table) => touched.has(table))) one.touched = true;
  }

  #note(what: string): void {
    this.#log.push(what);
  }

  async #compareSome(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await this.#compare(this.random.oneOf(this.#pool));
  }

  get #replay(): string {
    return `QUERY_FUZZ_SEED=${this.random.seed}`;
  }

  #assertSame({ text }: Question, cached: string, wanted: string): void {
    if (cached === wanted) return;
    const history = this.#log.slice(-12).join('\n  ');
    expect.fail(`${text}: cached ${cached}, uncached ${wanted} (${this.#replay})\n  ${history}`);
  }

  async #compare(one: Asked): Promise<void> {
    const before = this.#db.stats();
    const cached = JSON.stringify(await one.question.ask(true));
    const after = this.#db.stats();
    const wanted = JSON.stringify(await this.#noting(one, () => one.question.ask(false)));
    this.#assertSame(one.question, cached, wanted);
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
