import type { AuditRecord, Time, WriteRecord } from './records.js';

/** A state that a row had after a commit, and what is known of the moment of the commit. */
export interface Version {
  readonly v: number;
  readonly wid: number;
  readonly xid: string;
  readonly gone: boolean;
  readonly sets: readonly string[];
  /** It was not committed before. */
  invokedAt: Time;
  /** It was committed by then; Infinity where nobody saw it. */
  committedBy: Time;
  /** The library told its caller of the commit then; Infinity where it did not. */
  readonly ackedAt: Time;
}

/** Of a condition: `any` change of a row that meets it, or only that a row came to meet it or ceased to. */
export type Scope = 'any' | 'members';

/** What is asked of a row: all of it, or what concerns a condition. */
export interface Concern {
  readonly set: string;
  readonly scope: Scope;
}

/** A moment after which a version, or a later one, has to be seen. */
interface Mark {
  readonly t: Time;
  readonly index: number;
}

/** The versions of one row, or as far as they concern one condition, in the order of their commits. */
export class Chain {
  readonly versions: readonly Version[];
  readonly #byV: Map<number, number>;
  readonly #marks = new Map<string, readonly Mark[]>();

  constructor(versions: readonly Version[]) {
    this.versions = versions;
    this.#byV = new Map(versions.map(({ v }, index) => [v, index]));
    tighten(versions);
  }

  indexOf(v: number): number | undefined {
    return this.#byV.get(v);
  }

  /** The last version that may be committed at `t`. */
  lastInvoked(t: Time): number {
    let low = 0;
    let high = this.versions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.versions[middle]?.invokedAt ?? Infinity) <= t) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The last version whose write was acknowledged before `t`; of those that concern the condition, if one is named. */
  lastAcked(t: Time, concern?: Concern): number {
    return lastBefore(this.#marksOf('acked', concern), t);
  }

  /** The last version that was surely committed before `t`, by whomever. */
  lastCommitted(t: Time, concern?: Concern): number {
    return lastBefore(this.#marksOf('committed', concern), t);
  }

  /** When the first version after `index` was surely committed, of those that concern the condition. */
  replacedBy(index: number, concern?: Concern): Time {
    return this.#firstAfter(index, concern, ({ committedBy }) => committedBy);
  }

  /** When the first write after `index` was acknowledged, of those that concern the condition. */
  toldBy(index: number, concern?: Concern): Time {
    return this.#firstAfter(index, concern, ({ ackedAt }) => ackedAt);
  }

  isIn(index: number, set: string): boolean {
    return this.versions[index]?.sets.includes(set) ?? false;
  }

  concerns(index: number, { set, scope }: Concern): boolean {
    const is = this.isIn(index, set);
    const was = this.isIn(index - 1, set);
    return scope === 'members' ? is !== was : is || was;
  }

  #firstAfter(index: number, concern: Concern | undefined, time: (version: Version) => Time): Time {
    let first = Infinity;
    for (let next = index + 1; next < this.versions.length; next += 1) {
      const version = this.versions[next];
      if (version && (!concern || this.concerns(next, concern))) first = Math.min(first, time(version));
      if (first < Infinity) return first;
    }
    return first;
  }

  #marksOf(kind: 'acked' | 'committed', concern: Concern | undefined): readonly Mark[] {
    const name = concern ? `${kind} ${concern.scope} ${concern.set}` : kind;
    const known = this.#marks.get(name);
    if (known) return known;
    const marks = risingMarks(
      this.versions.flatMap((version, index) =>
        !concern || this.concerns(index, concern)
          ? [{ t: kind === 'acked' ? version.ackedAt : version.committedBy, index }]
          : [],
      ),
    );
    this.#marks.set(name, marks);
    return marks;
  }
}

/** What was committed: a chain for each row, and which rows ever met a condition. */
export class Chains {
  readonly #chains: ReadonlyMap<string, Chain>;
  readonly #keysOfSet = new Map<string, string[]>();
  readonly #keysOfWriter = new Map<number, string[]>();

  constructor(audit: readonly AuditRecord[], writes: Iterable<WriteRecord>, observed: ReadonlyMap<number, Time>) {
    const steps = stepsOf(writes);
    const byKey = new Map<string, AuditRecord[]>();
    for (const record of audit.toSorted((left, right) => left.v - right.v)) {
      const key = `${record.table}#${record.id}`;
      const records = byKey.get(key) ?? [];
      if (records.at(-1)?.xid === record.xid) records.pop(); // nobody else saw what a transaction wrote over itself
      records.push(record);
      byKey.set(key, records);
    }
    const version = (record: AuditRecord): Version => toVersion(record, steps.get(record.wid), observed.get(record.v));
    this.#chains = new Map([...byKey].map(([key, records]) => [key, new Chain(withBeginning(records.map(version)))]));
    for (const [key, records] of byKey) this.#register(key, records);
  }

  get keys(): Iterable<string> {
    return this.#chains.keys();
  }

  get sets(): Iterable<string> {
    return this.#keysOfSet.keys();
  }

  of(key: string): Chain | undefined {
    return this.#chains.get(key);
  }

  keysOfSet(set: string): readonly string[] {
    return this.#keysOfSet.get(set) ?? [];
  }

  /** The rows that a write changed. */
  keysOfWriter(wid: number): readonly string[] {
    return this.#keysOfWriter.get(wid) ?? [];
  }

  #register(key: string, records: readonly AuditRecord[]): void {
    for (const set of new Set(records.flatMap(({ sets }) => sets))) push(this.#keysOfSet, set, key);
    for (const wid of new Set(records.map(({ wid: writer }) => writer))) push(this.#keysOfWriter, wid, key);
  }
}

/** The earliest of each step; a write may be tried by several. */
type Steps = Readonly<Record<WriteRecord['k'], Time>>;

function stepsOf(writes: Iterable<WriteRecord>): ReadonlyMap<number, Steps> {
  const all = new Map<number, Record<WriteRecord['k'], Time>>();
  for (const { k, w, t } of writes) {
    const steps = all.get(w) ?? { begin: Infinity, sent: Infinity, ack: Infinity, done: Infinity, fail: Infinity };
    all.set(w, steps);
    steps[k] = Math.min(steps[k], t);
  }
  return all;
}

/** The number 0 is of whoever filled the tables, before anybody else began. */
function toVersion(record: AuditRecord, steps: Steps | undefined, observedAt = Infinity): Version {
  const { v, wid, xid, gone, sets } = record;
  if (wid === 0) return { ...record, ...atTheBeginning };
  const { begin, sent, done, ack: ackedAt } = steps ?? unknownSteps;
  const invokedAt = sent < Infinity ? sent : begin;
  return { v, wid, xid, gone, sets, invokedAt, committedBy: Math.min(done, ackedAt, observedAt), ackedAt };
}

const unknownSteps = { begin: -Infinity, sent: -Infinity, done: Infinity, ack: Infinity };

const atTheBeginning = { invokedAt: -Infinity, committedBy: -Infinity, ackedAt: -Infinity };

/** Before its first version there was no such row. */
const noRowYet: Version = { v: -1, wid: 0, xid: '', gone: true, sets: [], ...atTheBeginning };

function withBeginning(versions: readonly Version[]): readonly Version[] {
  return versions[0]?.wid === 0 ? versions : [{ ...noRowYet }, ...versions];
}

/** Versions are committed in their order: one was committed by when the next was, and not before the one before it. */
function tighten(versions: readonly Version[]): void {
  let earliest = -Infinity;
  for (const version of versions) {
    earliest = Math.max(earliest, version.invokedAt);
    version.invokedAt = earliest;
  }
  let latest = Infinity;
  for (const version of versions.toReversed()) {
    latest = Math.min(latest, version.committedBy);
    version.committedBy = latest;
  }
}

/** In the order of time, each with the highest index until then. */
function risingMarks(marks: readonly Mark[]): readonly Mark[] {
  const rising: Mark[] = [];
  for (const mark of marks.toSorted((left, right) => left.t - right.t)) {
    if (mark.t < Infinity && mark.index > (rising.at(-1)?.index ?? -1)) rising.push(mark);
  }
  return rising;
}

function lastBefore(marks: readonly Mark[], t: Time): number {
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((marks[middle]?.t ?? Infinity) < t) low = middle + 1;
    else high = middle;
  }
  return marks[low - 1]?.index ?? -1;
}

function push<Key>(map: Map<Key, string[]>, key: Key, value: string): void {
  const values = map.get(key) ?? [];
  values.push(value);
  map.set(key, values);
}
