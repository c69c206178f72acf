/** The part of a key that decides its slot in a Redis Cluster: what is between the first braces, else the whole key. */
export function hashTag(key: string): string {
  const open = key.indexOf('{');
  if (open === -1) return key;
  const close = key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

/**
 * Asks once for all items that share a hash tag, for every tag in the same tick, and answers in the items' order.
 * A Redis Cluster takes several keys in one command only where they share a slot.
 */
export async function askPerHashTag<Item, Answer>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  ask: (items: Item[]) => Promise<Answer[]>,
): Promise<(Answer | undefined)[]> {
  const answers: (Answer | undefined)[] = Array.from({ length: items.length });
  await Promise.all(
    groupByHashTag(items, keyOf).map(async (group) => {
      const part = await ask(group.items);
      group.places.forEach((place, index) => (answers[place] = part[index]));
    }),
  );
  return answers;
}

interface Group<Item> {
  readonly items: Item[];
  /** Where each item stands in the list that was given. */
  readonly places: number[];
}

function groupByHashTag<Item>(items: readonly Item[], keyOf: (item: Item) => string): Group<Item>[] {
  const groups = new Map<string, Group<Item>>();
  items.forEach((item, place) => {
    const tag = hashTag(keyOf(item));
    const group = groups.get(tag) ?? { items: [], places: [] };
    groups.set(tag, group);
    group.items.push(item);
    group.places.push(place);
  });
  return [...groups.values()];
}
