/** One operation on a store, with what it answered or wrote, and when it began and ended. */
export interface StoreEvent {
  readonly kind: 'read' | 'acquire' | 'write' | 'drop';
  readonly keys: readonly string[];
  /** For each key; none for a drop. */
  readonly texts: readonly (string | null)[];
  readonly start: number;
  readonly end: number;
}

/** A time by which a text was there, and since when it must not be any more. */
interface Fate {
  seen: number;
  gone: number;
}

/**
 * What must not have happened: an answer that began after a drop or another write had ended, with a text that had been
 * seen before those began.
 */
export function broughtBack(events: readonly StoreEvent[]): string[] {
  const fates = new Map<string, Fate>();
  const inOrder = events.toSorted((left, right) => left.end - right.end);
  for (const { key, text, end } of answers(inOrder)) {
    const name = `${key}=${text}`;
    if (!fates.has(name)) fates.set(name, { seen: end, gone: Infinity });
  }
  for (const event of inOrder) {
    if (event.kind !== 'drop' && event.kind !== 'write') continue;
    event.keys.forEach((key, index) => endAt(fates, key, { event, except: event.texts[index] ?? null }));
  }
  return answers(inOrder.filter(({ kind }) => kind === 'read' || kind === 'acquire'))
    .filter(({ key, text, start }) => start > (fates.get(`${key}=${text}`)?.gone ?? Infinity))
    .map(({ key, text, start }) => `${key} was ${text} again at ${start}`);
}

/** A drop or write ends every text of its key that was seen before it began. */
function endAt(
  fates: Map<string, Fate>,
  key: string,
  { event, except }: { readonly event: StoreEvent; readonly except: string | null },
): void {
  for (const [name, fate] of fates) {
    if (!name.startsWith(`${key}=`) || name === `${key}=${except}`) continue;
    if (fate.seen < event.start) fate.gone = Math.min(fate.gone, event.end);
  }
}

interface Answer {
  readonly key: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function answers(events: readonly StoreEvent[]): Answer[] {
  return events.flatMap(({ keys, texts, start, end: answered }) =>
    keys.flatMap((key, index) => {
      const text = texts[index] ?? null;
      return text === null ? [] : [{ key, text, start, end: answered }];
    }),
  );
}
