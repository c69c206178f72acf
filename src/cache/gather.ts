/** Several lists in one. */
export interface Gathered<Item> {
  readonly items: readonly Item[];
  /** For each list the places of its items. */
  readonly places: readonly (readonly number[])[];
}

/** Keys that are asked for together: an entry's, if any, and those of its stamps. */
export interface AskedKeys {
  readonly key: string | undefined;
  readonly stampKeys: readonly string[];
}

/** All of them in one list. */
export function keysOf({ key, stampKeys }: AskedKeys): readonly string[] {
  return key === undefined ? stampKeys : [key, ...stampKeys];
}

const noKeys: readonly string[] = [];

/**
 * The keys of all who ask in one list. A stamp that the one before has at the same place too, as those of rows of one
 * table are, is there once, and so is its entry; finding every repeat would cost more than asking twice.
 */
export function gather(all: readonly AskedKeys[]): Gathered<string> {
  const items: string[] = [];
  const places: number[][] = [];
  let keyBefore: string | undefined;
  let stampsBefore = noKeys;
  let placesBefore: readonly number[] = [];
  for (const { key, stampKeys } of all) {
    const own: number[] = [];
    if (key !== undefined) own.push((key === keyBefore ? placesBefore[0] : undefined) ?? items.push(key) - 1);
    const from = own.length;
    const fromBefore = placesBefore.length - stampsBefore.length;
    for (let index = 0; index < stampKeys.length; index++) {
      const stamp = stampKeys[index] ?? '';
      const shared = stamp === stampsBefore[index] ? placesBefore[fromBefore + index] : undefined;
      own[from + index] = shared ?? items.push(stamp) - 1;
    }
    places.push(own);
    keyBefore = key;
    stampsBefore = stampKeys;
    placesBefore = own;
  }
  return { items, places };
}
