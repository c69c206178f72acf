import { DecodedEntry } from './entry.js';
import { areLasting, madeOf, rememberMade } from '../store/lasting-texts.js';
import { EntryHit, type Hit, type Miss } from './found.js';
import { areCurrent } from './stamp-lists.js';

/** A hit where the entry's stamps are those that are current, which begin at `from`. */
export function judge(found: Hit, stamps: readonly (string | undefined)[], from = 0): Hit | Miss {
  const { entry } = found;
  const isUnder =
    entry instanceof DecodedEntry ? entry.isUnder(stamps, from) : areCurrent(entry.stamps, stamps.slice(from));
  return isUnder ? found : { state: 'miss', reason: 'invalidated', stamps: stamps.slice(from), entry };
}

/** The same, unless the entry's time is over. */
export function unlessExpired(found: Hit | Miss, nowMs: number): Hit | Miss {
  if (found.state !== 'hit' || found.entry.expiresAt > nowMs) return found;
  const { entry } = found;
  return { state: 'miss', reason: 'expired', stamps: entry.stamps, entry };
}

/** What texts are at a time. A hit of lasting ones is remembered for when they come again, and its payload shared by all. */
export function judgedOnce(
  texts: readonly (string | undefined)[],
  nowMs: number,
  judgeNow: () => Hit | Miss,
): Hit | Miss {
  if (!areLasting(texts)) return unlessExpired(judgeNow(), nowMs);
  const before = madeOf(texts);
  if (before instanceof EntryHit) return unlessExpired(before, nowMs);
  const found = judgeNow();
  if (found.state !== 'hit') return found;
  const shared = new EntryHit(found.entry, found.bytes, true);
  rememberMade(texts, shared);
  return unlessExpired(shared, nowMs);
}
