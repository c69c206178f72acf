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
  readonly #byWriter: ReadonlyMap<string, number>;
  readonly #marks = new Map<string, readonly Mark[]>();
  readonly #ends = new Map<string, readonly Mark[]>();

  constructor(versions: readonly Version[]) {
    this.versions = versions;
    this.#byV = new Map(versions.map(({ v }, index) => [v, index]));
    const writers = versions.map(({ wid, xid }, index): [string, number] => [writerText(wid, xid), index]);
    this.#byWriter = new Map(writers.toReversed()); // the first of each
    tighten(versions);
  }

  indexOf(v: number): number | undefined {
    return this.#byV.get(v);
  }

  /** The first version that a transaction of a write made; -1 where it made none. */
  firstWrittenBy({ wid, xid }: Version): number {
    return this.#byWriter.get(writerText(wid, xid)) ?? -1;
  }

  /** The last version that may be committed at `t`. */
  lastInvoked(t: Time): number {
    return countWhere(this.versions, ({ invokedAt }) => invokedAt <= t) - 1;
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
    return this.#firstAfter(index, 'committed', concern);
  }

  /** When the first write after `index` was acknowledged, of those that concern the condition. */
  toldBy(index: number, concern?: Concern): Time {
    return this.#firstAfter(index, 'acked', concern);
  }

  isIn(index: number, set: string): boolean {
    return this.versions[index]?.sets.includes(set) ?? false;
  }

  concerns(index: number, { set, scope }: Concern): boolean {
    const is = this.isIn(index, set);
    const was = this.isIn(index - 1, set);
    return scope === 'members' ? is !== was : is || was;
  }

  #firstAfter(index: number, kind: 'acked' | 'committed', concern: Concern | undefined): Time {
    const ends = kept(this.#ends, nameOf(kind, concern), () =>
      this.#marksOfAll(kind, concern).filter(({ t }) => t < Infinity),
    );
    return ends[countWhere(ends, (end) => end.index <= index)]?.t ?? Infinity;
  }

  #marksOf(kind: 'acked' | 'committed', concern: Concern | undefined): readonly Mark[] {
    return kept(this.#marks, nameOf(kind, concern), () => risingMarks(this.#marksOfAll(kind, concern)));
  }

  /** When each version that concerns the condition was so, in the order of the versions. */
  #marksOfAll(kind: 'acked' | 'committed', concern: Concern | undefined): readonly Mark[] {
    return this.versions.flatMap(({ ackedAt, committedBy }, index) =>
      !concern || this.concerns(index, concern) ? [{ t: kind === 'acked' ? ackedAt : committedBy, index }] : [],
    );
  }
}

function nameOf(kind: 'acked' | 'committed', concern: Concern | undefined): string {
  return concern ? `${kind} ${concern.scope} ${concern.set}` : kind;
}

function writerText(wid: number, xid: string): string {
  return `${wid} ${xid}`;
}

function kept<Value>(map: Map<string, Value>, name: string, make: () => Value): Value {
  const known = map.get(name);
  if (known !== undefined) return known;
  const made = make();
  map.set(name, made);
  return made;
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
  return marks[countWhere(marks, (mark) => mark.t < t) - 1]?.index ?? -1;
}

/** How many at the beginning of a list meet a condition which none after them meets. */
export function countWhere<Item>(items: readonly Item[], meets: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && meets(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function push<Key>(map: Map<Key, string[]>, key: Key, value: string): void {
  const values = map.get(key) ?? [];
  values.push(value);
  map.set(key, values);
}
