import type { Chain, Chains } from './chains.js';
import { committedIndex, describe, judgeAge, type Case, type Judgement, type Limits } from './judged-case.js';
import { judgeSet } from './judge-set.js';
import type { ReadRecord, Seen, Time } from './records.js';

/** Finds every rule but R3 that a read breaks. */
export function judgeRead(chains: Chains, read: ReadRecord, limits: Limits): Judgement {
  const judgement: Judgement = { faults: [], positions: [], latenessMs: 0 };
  for (const seen of read.seen) judgeSeen({ chains, read, limits, judgement }, seen);
  return judgement;
}

function judgeSeen(aCase: Case, seen: Seen): void {
  if (seen[0] === 'row') judgeRow(aCase, seen);
  else judgeSet(aCase, seen);
}

function judgeRow(aCase: Case, [, key, v, wid]: Extract<Seen, readonly ['row', ...unknown[]]>): void {
  const { chains, read, judgement } = aCase;
  const chain = chains.of(key);
  const found = v < 0 ? lastAbsence(chain, read.to) : committedIndex(chain, { v, wid, by: read.to });
  if (chain === undefined || typeof found === 'string') {
    if (v < 0 && chain === undefined) return; // there never was such a row
    judgement.faults.push({ rule: 'R2', detail: `${key} ${typeof found === 'string' ? found : 'never existed'}` });
    return;
  }
  const acked = chain.lastAcked(read.from);
  if (found < acked) {
    judgement.faults.push({
      rule: 'R1',
      detail: `${key} ${describe(chain, found)}, acknowledged ${describe(chain, acked)}`,
    });
  }
  judgeAge(aCase, { chain, key, index: found });
  const lowest = v < 0 ? Math.max(firstAbsence(chain, acked), 0) : found;
  judgement.positions.push({ what: key, lowest: Math.min(lowest, found), highest: found });
}

/** Of several moments without the row the read is given the latest that was possible. */
function lastAbsence(chain: Chain | undefined, by: Time): number | string {
  for (let index = chain?.lastInvoked(by) ?? -1; index >= 0; index -= 1) {
    if (chain?.versions[index]?.gone) return index;
  }
  return 'was never absent until then';
}

function firstAbsence({ versions }: Chain, from: number): number {
  for (let index = Math.max(from, 0); index < versions.length; index += 1) if (versions[index]?.gone) return index;
  return -1;
}
