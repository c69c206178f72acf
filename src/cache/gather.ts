import type { Address } from './address.js';

export interface Gathered {
  readonly keys: readonly string[];
  /** For each address the places of its keys: first the entry's, then those of its stamps. */
  readonly places: readonly (readonly number[])[];
}

/**
 * The keys of all addresses in one list. A stamp's key that the address before has at the same place too, as rows of one
 * table do, is there once; finding every repeat would cost more than asking twice.
 */
export function gather(addresses: readonly Address[]): Gathered {
  const keys: string[] = [];
  const places: number[][] = [];
  let before: readonly string[] = [];
  let placesBefore: readonly number[] = [];
  for (const { key, stampKeys } of addresses) {
    const own = [keys.push(key) - 1];
    for (let index = 0; index < stampKeys.length; index++) {
      const stampKey = stampKeys[index] ?? '';
      const shared = stampKey === before[index] ? placesBefore[index + 1] : undefined;
      own.push(shared ?? keys.push(stampKey) - 1);
    }
    places.push(own);
    before = stampKeys;
    placesBefore = own;
  }
  return { keys, places };
}
