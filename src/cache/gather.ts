/** Several lists in one. */
export interface Gathered<Item> {
  readonly items: readonly Item[];
  /** For each list the places of its items. */
  readonly places: readonly (readonly number[])[];
}

/**
 * The keys of all lists in one. A key that the list before has at the same place too, as the stamps of rows of one table
 * are, is there once; finding every repeat would cost more than asking twice.
 */
export function gather(lists: readonly (readonly string[])[]): Gathered<string> {
  const items: string[] = [];
  const places: number[][] = [];
  let before: readonly string[] = [];
  let placesBefore: readonly number[] = [];
  for (const list of lists) {
    const own: number[] = [];
    for (let index = 0; index < list.length; index++) {
      const key = list[index] ?? '';
      const shared = key === before[index] ? placesBefore[index] : undefined;
      own.push(shared ?? items.push(key) - 1);
    }
    places.push(own);
    before = list;
    placesBefore = own;
  }
  return { items, places };
}
