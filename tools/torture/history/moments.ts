import type { Chain, Chains, Concern, Version } from './chains.js';
import type { ReadRecord, Time } from './records.js';

/** A row as a part of a list: the states that it may have had when the list was so. */
export interface Part {
  readonly key: string;
  readonly chain: Chain;
  readonly concern: Concern;
  readonly lowest: number;
  readonly highest: number;
  readonly candidates: readonly number[];
}

interface Span {
  readonly from: Time;
  readonly to: Time;
}

/** Whether there may have been a moment until the end of the read at which every part had one of its states. */
export function isPossibleAtOnce(parts: readonly Part[], read: ReadRecord): boolean {
  const spans = parts.map((part) => spansOf(part, read));
  const moments = new Set(spans.flat().map(({ from }) => from));
  for (const moment of moments) {
    if (moment > read.to) continue;
    if (spans.every((some) => some.some(({ from, to }) => from <= moment && moment <= to))) return true;
  }
  return parts.length === 0;
}

/** From when a state may have begun, until when it has surely ended, or everybody was told that it has. */
function spansOf({ chain, candidates, concern }: Part, { holds }: ReadRecord): readonly Span[] {
  return candidates.map((index) => ({
    from: chain.versions[index]?.invokedAt ?? -Infinity,
    to: holds === 'as told' ? chain.toldBy(index, concern) : chain.replacedBy(index, concern),
  }));
}

/** A write of several rows of which one is shown as written, and another as it was before. */
export function tornWrite(chains: Chains, parts: readonly Part[], read: ReadRecord): number | undefined {
  const byKey = new Map(parts.map((part) => [part.key, part]));
  for (const part of parts) {
    const writer = writerOf(part, read);
    if (!writer) continue;
    for (const key of chains.keysOfWriter(writer.wid)) {
      const other = byKey.get(key);
      if (other && isMissing(other, writer)) return writer.wid;
    }
  }
  return undefined;
}

/** Whether a row is shown as it was before a write. That it is not in the list tells only of who brought it there. */
function isMissing({ chain, highest, concern }: Part, writer: Version): boolean {
  const index = chain.firstWrittenBy(writer);
  return index > highest && (concern.scope === 'any' || chain.concerns(index, concern));
}

/** The state that is shown, where it tells of the whole write: not one that nobody was told of, as far as that counts. */
function writerOf({ chain, candidates }: Part, { holds, from }: ReadRecord): Version | undefined {
  const only = candidates.length === 1 ? chain.versions[candidates[0] ?? -1] : undefined;
  if (!only || only.gone || only.wid === 0) return undefined;
  return holds === 'as told' && only.ackedAt > from ? undefined : only;
}
