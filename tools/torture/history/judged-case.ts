import type { Chain, Chains, Concern } from './chains.js';
import type { LateSpan } from './lateness.js';
import { finalOp, type ReadRecord, type Time } from './records.js';
import type { Rule } from './rules.js';

/** A rule that was broken, and how. */
export interface Fault {
  readonly rule: Rule;
  readonly detail: string;
}

/** What is held against reads besides what always is. */
export interface Limits {
  /** The longest that a change by anybody may stay unseen; undefined where nothing is said of it. */
  readonly lateMs: number | undefined;
  /** When invalidations waited to be delivered, where what is outdated meanwhile breaks no promise. */
  readonly late?: readonly LateSpan[];
}

/** Which version of something a read showed; as a range, where that cannot be told exactly. */
export interface Position {
  readonly what: string;
  readonly lowest: number;
  readonly highest: number;
}

export interface Judgement {
  readonly faults: Fault[];
  readonly positions: Position[];
  latenessMs: number;
}

/** What judging a part of a read needs. */
export interface Case {
  readonly chains: Chains;
  readonly read: ReadRecord;
  readonly limits: Limits;
  readonly judgement: Judgement;
}

/** R4 and R6, which ask how long ago something was committed. */
export function judgeAge(
  { read, limits: { lateMs }, judgement }: Case,
  {
    chain,
    key,
    index,
    concern,
  }: { readonly chain: Chain; readonly key: string; readonly index: number; readonly concern?: Concern },
): void {
  const lateness = read.from - chain.replacedBy(index, concern);
  judgement.latenessMs = Math.max(judgement.latenessMs, lateness);
  const what = concern ? `${key} in ${concern.set}` : key;
  const detail = `${what} ${describe(chain, index)} was replaced ${lateness.toFixed(1)} ms before the read began`;
  if (lateMs !== undefined && lateness > lateMs) judgement.faults.push({ rule: 'R4', detail });
  if (read.op === finalOp && lateness > 0) judgement.faults.push({ rule: 'R6', detail });
}

/** The index of a version that a read shows, or why it cannot be. */
export function committedIndex(
  chain: Chain | undefined,
  { v, wid, by }: { readonly v: number; readonly wid: number; readonly by: Time },
): number | string {
  const index = chain?.indexOf(v);
  const version = index === undefined ? undefined : chain?.versions[index];
  if (index === undefined || version === undefined) return `v${v} by ${wid} was never committed`;
  if (version.wid !== wid) return `v${v} was written by ${version.wid}, shown is ${wid}`;
  if (version.gone) return `v${v} is a deletion`;
  if (version.invokedAt > by) return `v${v} was shown before its COMMIT was sent`;
  return index;
}

export function describe(chain: Chain, index: number): string {
  const version = chain.versions[index];
  if (!version) return 'nothing';
  return version.gone ? `absent since v${version.v}` : `v${version.v} by ${version.wid}`;
}
