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

/** The hit that these very texts were found to be before. */
export function hitOf(texts: readonly (string | undefined)[]): Hit | undefined {
  const made = madeOf(texts);
  return made instanceof EntryHit ? made : undefined;
}

/** Remembers the hit that texts were found to be, if they come again; its payload is shared by all from the first on. */
export function rememberHit(texts: readonly (string | undefined)[], found: Hit | Miss): Hit | Miss {
  if (found.state !== 'hit' || !areLasting(texts)) return found;
  const shared = new EntryHit(found.entry, found.bytes, true);
  rememberMade(texts, shared);
  return shared;
}
