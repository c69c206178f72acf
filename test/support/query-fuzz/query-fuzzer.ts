import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { transaction, type Database } from '../../../src/index.js';
import type { InvalidationEvent, QueryEvent } from '../../../src/telemetry/channels.js';
import { shown } from '../plain.js';
import type { Random } from '../random.js';
import { isRefusal } from '../refusals.js';
import { isPostgres, ScriptedTransaction } from '../scripted-transaction.js';
import { questions, type Question } from './questions.js';
import { RandomWrites, type Written } from './random-writes.js';

const pool = 24;
const mostOpen = 4;
const longestTurnMs = 120_000;

/** What a run did, and how precisely answers were invalidated. */
export interface FuzzCounts {
  /**
   * A pair is a write that invalidated something and a question that was compared after it. A question that is asked
   * again before the next such write makes no other pair; what is asked inside of a transaction makes none.
   */
  pairs: number;
  /** Comparisons, with those that make no pair. */
  comparisons: number;
  hits: number;
  /** Made again although the answer had not changed. */
  needless: number;
  /** What dropping every answer of a table with each write to it would have made again in vain. */
  needlessByTable: number;
  /** Transactions that began while others were open. */
  together: number;
}

/** How a run goes. */
export interface FuzzPlan {
  /** Writes, or groups of transactions that are open at the same time. */
  readonly writes: number;
  /** How many questions are compared after each, by chance; left out, every one. */
  readonly compared?: number | undefined;
  /** How to see this run again: part of every error. */
  readonly replay: string;
  /** What to add to; left out, none. */
  readonly counts?: FuzzCounts;
}

/** Of a run that has not begun. */
export function noCounts(): FuzzCounts {
  return { pairs: 0, comparisons: 0, hits: 0, needless: 0, needlessByTable: 0, together: 0 };
}

/** A cached answer that is not what the same question got without the cache. */
class Difference extends Error {}

/** A run that ended with an error, which is the `cause`: how to see it again, and what was done. */
export class FuzzFailure extends Error {
  get isDifference(): boolean {
    return this.cause instanceof Difference;
  }
}

/** A question with what is known of its last answer. */
interface Asked {
  readonly question: Question;
  answer: { readonly value: unknown } | undefined;
  readonly tables: Set<string>;
  touched: boolean;
  /** The write after which it was compared last. */
  comparedAfter: number;
}

/**
 * Asks random questions between random writes, alone and in transactions that are open at the same time: each cached
 * answer must be what the same question gets without the cache.
 */
export class QueryFuzzer {
  readonly #counts: FuzzCounts;
  readonly #random: Random;
  readonly #plan: FuzzPlan;
  readonly #db: Database;
  readonly #writes: RandomWrites;
  readonly #pool: readonly Asked[];
  readonly #log: string[] = [];
  /** How many writes have invalidated something. */
  #effective = 0;

  constructor(db: Database, random: Random, plan: FuzzPlan) {
    this.#db = db;
    this.#counts = plan.counts ?? noCounts();
    this.#random = random;
    this.#plan = plan;
    this.#writes = new RandomWrites(db, random);
    const drawn = fc.sample(questions(db), { seed: random.seed, numRuns: pool });
    const unknown = { answer: undefined, touched: false, comparedAfter: 0 };
    this.#pool = drawn.map((question) => ({ question, tables: new Set(), ...unknown }));
  }

  /** Throws FuzzFailure for a difference and for any error that no write is expected to meet. */
  async run(): Promise<FuzzCounts> {
    try {
      await this.#writes.begin();
      for (let step = 0; step < this.#plan.writes; step += 1) {
        await inTime(this.#turn());
      }
      return this.#counts;
    } catch (error) {
      const history = this.#log.slice(-30).join('\n  ');
      const what = error instanceof Error ? error.message : String(error);
      throw new FuzzFailure(`${what}\nsee it again: ${this.#plan.replay}\n  ${history}`, { cause: error });
    }
  }

  async #turn(): Promise<void> {
    if (this.#random.below(5) === 0) await this.#together();
    else await this.#touching(async () => this.#noteWritten(await this.#writes.next()));
    await this.#compareMany();
  }

  /** Transactions that are open at the same time, their steps and ends in any order, and questions between all of them. */
  async #together(): Promise<void> {
    const open: ScriptedTransaction[] = [];
    for (let moves = 4 + this.#random.below(8); moves > 0 || open.length > 0; moves -= 1) {
      const one = open[this.#random.below(Math.max(1, open.length))];
      const move = this.#random.below(moves > 0 ? 6 : 1);
      if (one && (move === 0 || moves <= 0)) {
        open.splice(open.indexOf(one), 1);
        await this.#end(one);
      } else if (!one || (move === 1 && open.length < this.#mostOpen)) {
        if (open.length > 0) this.#counts.together += 1;
        open.push(await this.#begin());
      } else {
        await this.#step(one);
      }
      await this.#compareSome(1, open.length > 0 ? this.#answerable : this.#pool);
    }
  }

  /** What can be asked beside an open transaction. On SQLite knex has one connection, which that one has. */
  get #answerable(): readonly Asked[] {
    return this.#isPostgres ? this.#pool : this.#pool.filter(({ question }) => !question.isByKnex);
  }

  /** SQLite has one transaction at a time. */
  get #mostOpen(): number {
    return this.#isPostgres ? mostOpen : 1;
  }

  get #isPostgres(): boolean {
    return isPostgres(this.#db);
  }

  #begin(): Promise<ScriptedTransaction> {
    this.#log.push('BEGIN');
    const isolation = this.#random.below(3) === 0 ? 'repeatable read' : undefined;
    return ScriptedTransaction.begin(this.#db, this.#isPostgres ? isolation : undefined);
  }

  /** A write that is undone alone where it is refused, or a question: inside nothing may come from the cache. */
  async #step(one: ScriptedTransaction): Promise<void> {
    if (this.#random.below(3) > 0) {
      const inSavepoint = (write: () => Promise<unknown>): Promise<unknown> => transaction(write);
      this.#noteWritten(await one.step(() => this.#writes.next(inSavepoint)), 'in a transaction: ');
      return;
    }
    const { question } = this.#random.oneOf(this.#pool);
    const answer = await this.#withoutHits(question, () => one.step(() => question.ask(true)));
    assertSame(question, answer, await one.step(() => question.ask(false)));
  }

  /** Ends it, while questions are on their way that may see it or not; what is asked afterwards must. */
  async #end(one: ScriptedTransaction): Promise<void> {
    const how = this.#random.oneOf(['commit', 'commit', 'roll back'] as const);
    const overlapping = Array.from({ length: this.#random.below(3) }, () => this.#random.oneOf(this.#pool));
    await this.#touching(async () => {
      const answers = overlapping.map(({ question }) => question.ask(true));
      await one.end(how).catch((error: unknown) => this.#noteRefused(error));
      await Promise.all(answers);
    });
    this.#log.push(how.toUpperCase());
    await this.#compareSome(2);
  }

  /** Makes a write, and notes which questions it may have touched. */
  async #touching(write: () => Promise<void>): Promise<void> {
    const touched = await tablesInvalidatedBy(write);
    if (touched.size > 0) this.#effective += 1;
    for (const one of this.#pool) if ([...one.tables].some((table) => touched.has(table))) one.touched = true;
  }

  #noteWritten({ name }: Written, where = ''): void {
    this.#log.push(`${where}${name}`);
  }

  #noteRefused(error: unknown): void {
    if (!isRefusal(error)) throw error;
    this.#log.push(`refused: ${String(error)}`);
  }

  async #compareMany(): Promise<void> {
    const { compared } = this.#plan;
    if (compared !== undefined) return this.#compareSome(compared);
    for (const one of this.#pool) await this.#compare(one);
  }

  async #compareSome(count: number, some = this.#pool): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await this.#compare(this.#random.oneOf(some));
  }

  async #compare(one: Asked): Promise<void> {
    const { question, tables } = one;
    const before = this.#db.stats().misses;
    const cached = await question.ask(true);
    const isHit = this.#db.stats().misses === before;
    const wanted = await this.#withoutHits(question, () => notingTables(tables, () => question.ask(false)));
    assertSame(question, cached, wanted);
    this.#account(one, wanted, isHit);
  }

  async #withoutHits<T>({ text }: Question, ask: () => Promise<T>): Promise<T> {
    const before = this.#db.stats().hits;
    const answer = await ask();
    if (this.#db.stats().hits !== before) throw new Error(`${text}: the cache answered what was to be asked past it`);
    return answer;
  }

  #account(one: Asked, value: unknown, isHit: boolean): void {
    this.#counts.comparisons += 1;
    if (one.comparedAfter < this.#effective) this.#counts.pairs += 1;
    if (isHit) this.#counts.hits += 1;
    if (one.answer && isDeepStrictEqual(one.answer.value, value)) {
      if (!isHit) this.#counts.needless += 1;
      if (one.touched) this.#counts.needlessByTable += 1;
    }
    one.answer = { value };
    one.touched = false;
    one.comparedAfter = this.#effective;
  }
}

/** Turns what never ends into an error, which tells what was done before. */
async function inTime(turn: Promise<void>): Promise<void> {
  const late = new AbortController();
  const deadline = setTimeout(longestTurnMs, undefined, { signal: late.signal }).then(() => {
    throw new Error(`a turn took longer than ${longestTurnMs / 1000} s`);
  });
  deadline.catch(() => undefined); // that it was not needed any more is no error
  await Promise.race([turn, deadline]).finally(() => late.abort());
}

function assertSame({ text }: Question, cached: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(cached, wanted)) return;
  throw new Difference(`${text}: cached ${shown(cached)}, uncached ${shown(wanted)}`);
}

/** Notes which tables a question reads. */
async function notingTables<T>(tables: Set<string>, ask: () => Promise<T>): Promise<T> {
  const note = (event: unknown): void => {
    const { text } = event as QueryEvent; // what this channel carries
    for (const [table] of text.matchAll(/fuzz_\w+/g)) tables.add(table);
  };
  subscribe('moneyclip:query', note);
  try {
    return await ask();
  } finally {
    unsubscribe('moneyclip:query', note);
  }
}

/** The tables of which a write invalidated something. */
async function tablesInvalidatedBy(write: () => Promise<void>): Promise<ReadonlySet<string>> {
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
