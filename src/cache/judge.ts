import { DecodedEntry } from './entry.js';
import type { Hit, Miss } from './found.js';
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
