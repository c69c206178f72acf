import { pick } from '../store/parted-keys.js';
import type { Texts } from '../store/cache-store.js';
import type { Address, Siblings } from './address.js';
import { gather } from './gather.js';

/** Several entries with their stamps, asked for as one list of keys. */
export interface JointRequest {
  readonly keys: readonly string[];
  /**
   * What `use` makes of each entry's texts, its own and those of its stamps, out of those of all keys. Whoever keeps them
   * copies them: the next entry's may come in the same list.
   */
  map<T>(all: Texts, use: (address: Address, texts: Texts) => T): T[];
}

/** The stamps that all of the entries have are asked for once where they are known to be the same. */
export function jointRequest(addresses: readonly Address[]): JointRequest {
  const siblings = addresses[0]?.siblings;
  return siblings && addresses.every((address) => address.siblings === siblings)
    ? ofSiblings(addresses, siblings)
    : ofAny(addresses);
}

function ofAny(addresses: readonly Address[]): JointRequest {
  const { items, places } = gather(addresses);
  return {
    keys: items,
    map: (all, use) => addresses.map((address, index) => use(address, pick(all, places[index] ?? []))),
  };
}

/** The stamps that all have, then the entry and the own stamp of each. NOTE: no list is made for each row, which would show. */
function ofSiblings(addresses: readonly Address[], { before, after }: Siblings): JointRequest {
  const keys = [...before, ...after];
  for (const { key, ownStampKey = '' } of addresses) keys.push(key, ownStampKey);
  return {
    keys,
    map: (all, use) => {
      const ownPlace = 1 + before.length; // the entry is the first
      const entries = ownPlace - 1 + after.length;
      const texts = [undefined, ...all.slice(0, before.length), undefined, ...all.slice(before.length, entries)];
      return addresses.map((address, index) => {
        texts[0] = all[entries + 2 * index];
        texts[ownPlace] = all[entries + 2 * index + 1];
        return use(address, texts);
      });
    },
  };
}
