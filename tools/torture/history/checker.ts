import { countWhere, type Chains } from './chains.js';
import { finalOp, type Injection, type ReadRecord, type Time, type WriteRecord } from './records.js';
import { FreshReads } from './fresh-reads.js';
import { judgeRead } from './judge.js';
import type { Fault, Limits } from './judged-case.js';
import type { Rule } from './rules.js';

/** A read that broke a rule. */
export interface Violation extends Fault {
  /** The last fault that was injected before the read began; `none` before the first. */
  readonly during: string;
  /** When the read began. */
  readonly from: Time;
}

/** What was counted of the reads and writes that began after one kind of fault, and before the next was injected. */
export interface Tally {
  injections: number;
  reads: number;
  hits: number;
  /** What was committed of what was begun then. */
  writes: number;
  /** How late a change was seen at worst, in milliseconds. */
  worstMs: number;
  readonly violations: Record<Rule, number>;
}

const mostKept = 200;

/** Judges reads one after another, and keeps what it found by kind of fault. */
export class Checker {
  readonly tallies = new Map<string, Tally>();
  readonly violations: Violation[] = [];
  /** How much was outdated while an invalidation waited to be delivered, and is held against nobody. */
  excused = 0;
  readonly #chains: Chains;
  readonly #limits: Limits;
  readonly #injections: readonly Injection[];
  readonly #fresh = new FreshReads();

  constructor(chains: Chains, injections: readonly Injection[], limits: Limits) {
    this.#chains = chains;
    this.#limits = limits;
    this.#injections = injections.toSorted((left, right) => left.from - right.from);
    for (const { kind } of this.#injections) this.#tally(kind).injections += 1;
  }

  judge(read: ReadRecord): void {
    const during = this.faultAt(read.from);
    const tally = this.#tally(during);
    if (read.op !== finalOp) {
      tally.reads += 1;
      tally.hits += read.hit ? 1 : 0;
    }
    const { faults, latenessMs, positions } = judgeRead(this.#chains, read, this.#limits);
    tally.worstMs = Math.max(tally.worstMs, latenessMs);
    for (const { rule, detail } of faults) {
      if (rule !== 'R2' && this.#isLate(read.from)) this.excused += 1;
      else this.#note({ rule, detail: `${read.op}: ${detail}`, during, from: read.from });
    }
    this.#fresh.add(read, positions);
  }

  /** Counts each write that was committed where it began first. */
  count(writes: Iterable<WriteRecord>, committed: ReadonlySet<number>): void {
    const begun = new Map<number, Time>();
    for (const { k, w, t } of writes) {
      if (k === 'begin' && committed.has(w)) begun.set(w, Math.min(t, begun.get(w) ?? Infinity));
    }
    for (const t of begun.values()) this.#tally(this.faultAt(t)).writes += 1;
  }

  /** R3, which compares reads with each other. After all reads. */
  finish(): void {
    for (const { from, detail } of this.#fresh.olderThanEarlierReads()) {
      this.#note({ rule: 'R3', detail, during: this.faultAt(from), from });
    }
  }

  faultAt(t: Time): string {
    return this.#injections[countWhere(this.#injections, ({ from }) => from <= t) - 1]?.kind ?? 'none';
  }

  #isLate(t: Time): boolean {
    return this.#limits.late?.some(({ from, to }) => from <= t && t <= to) ?? false;
  }

  #note(violation: Violation): void {
    this.#tally(violation.during).violations[violation.rule] += 1;
    const ofSameRule = this.violations.filter(({ rule }) => rule === violation.rule).length;
    if (ofSameRule < mostKept) this.violations.push(violation);
  }

  #tally(kind: string): Tally {
    const known = this.tallies.get(kind);
    if (known) return known;
    const tally = {
      injections: 0,
      reads: 0,
      hits: 0,
      writes: 0,
      worstMs: 0,
      violations: { R1: 0, R2: 0, R3: 0, R4: 0, R5: 0, R6: 0 },
    };
    this.tallies.set(kind, tally);
    return tally;
  }
}
