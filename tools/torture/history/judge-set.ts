import type { Chain, Concern, Scope } from './chains.js';
import { committedIndex, describe, judgeAge, type Case } from './judged-case.js';
import { isPossibleAtOnce, tornWrite, type Part } from './moments.js';
import { finalOp, type ReadRecord, type Seen, type SeenRow } from './records.js';

type SetSeen = Exclude<Seen, readonly ['row', ...unknown[]]>;

/** Judges a list, or a count, by each row that ever met its condition, and then by whether it all held at one moment. */
export function judgeSet(aCase: Case, seen: SetSeen): void {
  if (seen[0] === 'count') judgeCount(aCase, seen[1], seen[2]);
  else judgeList(aCase, seen[1], seen[2]);
}

function judgeList(aCase: Case, set: string, rows: readonly SeenRow[]): void {
  const { chains, read, judgement } = aCase;
  const table = set.slice(0, set.indexOf('.'));
  const shown = new Map(rows.map((row) => [`${table}#${row[0]}`, row]));
  if (shown.size < rows.length) note(aCase, 'R5', `${set} shows a row twice`);
  const parts: Part[] = [];
  for (const key of new Set([...chains.keysOfSet(set), ...shown.keys()])) {
    const row = shown.get(key);
    const part = row ? shownPart(aCase, { set, key, row }) : absentPart(aCase, { set, key });
    if (part) parts.push(part);
  }
  for (const { chain, key, highest, lowest, concern } of parts) {
    judgement.positions.push({ what: `${key} in ${set}`, lowest, highest });
    judgeAge(aCase, { chain, key, index: highest, concern });
  }
  if (read.holds === 'apart') return;
  if (!isPossibleAtOnce(parts, read)) note(aCase, 'R5', `${set} never was as shown: ${listed(parts)}`);
  const torn = tornWrite(chains, parts, read);
  if (torn !== undefined) note(aCase, 'R5', `${set} shows a part of what ${torn} wrote: ${listed(parts)}`);
}

/** Which changes of its rows a list hears of by itself. One that is kept as keys leaves the rest to the rows' entries. */
function scopeOf({ holds }: ReadRecord): Scope {
  return holds === 'as told' ? 'members' : 'any';
}

function shownPart(
  aCase: Case,
  { set, key, row: [, v, wid] }: { readonly set: string; readonly key: string; readonly row: SeenRow },
): Part | undefined {
  const { chains, read } = aCase;
  const chain = chains.of(key);
  const index = committedIndex(chain, { v, wid, by: read.to });
  if (typeof index === 'string' || !chain) {
    note(aCase, 'R2', `${set}: ${key} ${index}`);
    return undefined;
  }
  const isMember = read.holds === 'as told' ? mayBeMember(chain, set, read) : chain.isIn(index, set);
  if (!isMember) note(aCase, 'R5', `${set} shows ${key} ${describe(chain, index)}, which is not in it`);
  const concern: Concern = { set, scope: 'any' };
  const acked = chain.lastAcked(read.from, concern);
  if (index < acked) {
    note(aCase, 'R5', `${set} shows ${key} ${describe(chain, index)}, acknowledged ${describe(chain, acked)}`);
  }
  return { key, chain, concern, lowest: index, highest: index, candidates: [index] };
}

function mayBeMember(chain: Chain, set: string, read: ReadRecord): boolean {
  const told = Math.max(chain.lastAcked(read.from, { set, scope: 'members' }), 0);
  return outside(chain, set, { from: told, read }).length < chain.lastInvoked(read.to) - told + 1;
}

/** The row is not shown: it was not in the list, in one of the states that it may have had. */
function absentPart(aCase: Case, { set, key }: { readonly set: string; readonly key: string }): Part | undefined {
  const { chains, read } = aCase;
  const chain = chains.of(key);
  if (!chain) return undefined;
  const concern: Concern = { set, scope: scopeOf(read) };
  const acked = Math.max(chain.lastAcked(read.from, concern), 0);
  const candidates = outside(chain, set, { from: acked, read });
  const lowest = candidates[0];
  if (lowest !== undefined) {
    return { key, chain, concern, lowest, highest: candidates.at(-1) ?? lowest, candidates };
  }
  note(aCase, 'R5', `${set} does not show ${key}, which was in it since ${describe(chain, acked)}`);
  return undefined;
}

function outside(
  chain: Chain,
  set: string,
  { from, read }: { readonly from: number; readonly read: ReadRecord },
): readonly number[] {
  const found: number[] = [];
  for (let index = from; index <= chain.lastInvoked(read.to); index += 1) {
    if (!chain.isIn(index, set)) found.push(index);
  }
  return found;
}

/** How many rows may be in the set at least and at most, whichever of their possible states they had. */
function judgeCount(aCase: Case, set: string, count: number): void {
  const { chains, read, limits } = aCase;
  const concern: Concern = { set, scope: 'members' };
  const hold = (rule: 'R4' | 'R5' | 'R6', since: (chain: Chain) => number): void => {
    let least = 0;
    let most = 0;
    for (const key of chains.keysOfSet(set)) {
      const chain = chains.of(key);
      if (!chain) continue;
      const from = Math.max(since(chain), 0);
      const isOutside = outside(chain, set, { from, read }).length;
      if (isOutside === 0) least += 1;
      if (isOutside < chain.lastInvoked(read.to) - from + 1) most += 1;
    }
    if (count < least || count > most) note(aCase, rule, `${set} has ${count} rows, possible are ${least} to ${most}`);
  };
  hold('R5', (chain) => chain.lastAcked(read.from, concern));
  if (read.op === finalOp) hold('R6', (chain) => chain.lastCommitted(read.from, concern));
  const { lateMs } = limits;
  if (lateMs !== undefined) hold('R4', (chain) => chain.lastCommitted(read.from - lateMs, concern));
}

function note({ judgement }: Case, rule: 'R2' | 'R4' | 'R5' | 'R6', detail: string): void {
  judgement.faults.push({ rule, detail });
}

function listed(parts: readonly Part[]): string {
  return parts.map(({ key, chain, highest }) => `${key} ${describe(chain, highest)}`).join(', ');
}
