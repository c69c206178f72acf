import type { CacheNote, InProcessStore } from '../store/cache-store.js';
import { Held } from '../store/held.js';
import { HeldText } from '../store/held-text.js';
import { decodeEntry, encodeEntry, type Entry } from './entry.js';
import type { Fill } from './engine-options.js';
import { PackedEntry } from './packed-entry.js';

/** The stamps of an entry themselves, and the list of their keys, by which whoever asks may know them. */
interface OwnStamps {
  readonly keys: readonly string[];
  readonly held: readonly HeldText[];
}

/** An entry in an in-process store, with its length as text. */
export class HeldEntry extends Held {
  readonly entry: Entry;
  readonly bytes: number;
  readonly #note: CacheNote | undefined;
  readonly #stamps: OwnStamps | undefined;

  constructor(
    entry: Entry,
    bytes: number,
    { note, stamps }: { readonly note?: CacheNote | undefined; readonly stamps?: OwnStamps | undefined } = {},
  ) {
    super();
    this.entry = entry;
    this.bytes = bytes;
    this.#note = note;
    this.#stamps = stamps;
  }

  override get note(): CacheNote | undefined {
    return this.#note;
  }

  override get reliesOn(): readonly Held[] {
    return this.#stamps?.held ?? super.reliesOn;
  }

  /**
   * True if it was stored under this very list of keys, and every stamp is still the one that it was stored under.
   * NOTE: so a hit looks none of them up; a list with the same keys has to be compared with what lies under them.
   */
  isCurrentUnder(stampKeys: readonly string[]): boolean {
    const stamps = this.#stamps;
    if (stamps?.keys !== stampKeys) return false;
    for (const stamp of stamps.held) if (stamp.gone) return false;
    return true;
  }
}

/** An entry as an object that nobody else can change. */
export function copied(
  store: InProcessStore,
  entry: Entry,
  { note, stampKeys }: Pick<Fill, 'note' | 'stampKeys'>,
): HeldEntry {
  const text = encodeEntry(entry);
  const stamps = stampKeys && { keys: stampKeys, held: stampsOf(store, entry, stampKeys) };
  return new HeldEntry(decodeEntry(text) ?? entry, text.length, { note, stamps }); // what was encoded can be decoded
}

/** An entry that refers to its stamps. */
export function packed(store: InProcessStore, entry: Entry, stampKeys: readonly string[]): PackedEntry {
  return new PackedEntry(entry, stampsOf(store, entry, stampKeys));
}

function stampsOf(store: InProcessStore, { stamps }: Entry, stampKeys: readonly string[]): HeldText[] {
  return stampKeys.map((key, index) => stampIn(store, key, stamps[index] ?? ''));
}

/** The stamp itself; where another one has taken its place, or none, one that is gone: the entry is dead on arrival. */
function stampIn(store: InProcessStore, key: string, text: string): HeldText {
  const held = store.held(key);
  if (held instanceof HeldText && held.text === text) return held;
  const lost = new HeldText(text, undefined);
  lost.gone = true;
  return lost;
}

/** The texts under the keys of stamps now. */
export function stampsIn(store: InProcessStore, stampKeys: readonly string[]): (string | undefined)[] {
  const stamps: (string | undefined)[] = [];
  for (const key of stampKeys) {
    const held = store.held(key);
    stamps.push(held instanceof HeldText ? held.text : undefined);
  }
  return stamps;
}

/** Whether exactly these stamps are under these keys now. */
export function areHeld(store: InProcessStore, stampKeys: readonly string[], stored: readonly string[]): boolean {
  if (stored.length !== stampKeys.length) return false;
  for (let index = 0; index < stored.length; index++) {
    const held = store.held(stampKeys[index] ?? '');
    if (!(held instanceof HeldText) || held.text !== stored[index]) return false;
  }
  return true;
}
