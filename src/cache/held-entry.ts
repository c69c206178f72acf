import type { CacheNote, InProcessStore } from '../store/cache-store.js';
import { Held } from '../store/held.js';
import { HeldText } from '../store/held-text.js';
import { decodeEntry, encodeEntry, type Entry } from './entry.js';
import type { Fill } from './engine-options.js';
import { PackedEntry } from './packed-entry.js';

/** What an entry in this process has besides. */
interface HeldWith {
  readonly note?: CacheNote | undefined;
  /** The stamps themselves. */
  readonly stamps?: readonly HeldText[] | undefined;
  readonly listId?: number | undefined;
}

/** An entry in an in-process store, with its length as text. */
export class HeldEntry extends Held {
  readonly entry: Entry;
  readonly bytes: number;
  /** What tells the list of its stamps' keys from all others, as it was asked for last. */
  listId: number | undefined;
  readonly #note: CacheNote | undefined;
  readonly #stamps: readonly HeldText[] | undefined;

  constructor(entry: Entry, bytes: number, { note, stamps, listId }: HeldWith) {
    super();
    this.entry = entry;
    this.bytes = bytes;
    this.#note = note;
    this.#stamps = stamps;
    this.listId = listId;
  }

  override get note(): CacheNote | undefined {
    return this.#note;
  }

  override get reliesOn(): readonly Held[] {
    return this.#stamps ?? super.reliesOn;
  }

  /**
   * True if this is the list of its stamps' keys, and every stamp is still the one that it was stored under.
   * NOTE: so a hit looks none of them up; with another list they have to be compared with what lies under its keys.
   */
  isCurrentUnder(listId: number | undefined): boolean {
    if (!this.#stamps || listId === undefined || listId !== this.listId) return false;
    for (const stamp of this.#stamps) if (stamp.gone) return false;
    return true;
  }
}

/** How a store in this process holds an entry, which nobody else can change from then on. */
export function toHeld(store: InProcessStore, entry: Entry, fill: Fill): HeldEntry | PackedEntry {
  if (isOfRow(fill)) return new PackedEntry(entry, stampsOf(store, entry, fill.stampKeys));
  const { note, stampKeys, listId } = fill;
  const text = encodeEntry(entry);
  const stamps = stampKeys && stampsOf(store, entry, stampKeys);
  return new HeldEntry(decodeEntry(text) ?? entry, text.length, { note, stamps, listId }); // what was encoded can be decoded
}

/** Whether the key of an entry alone tells its stamps. */
export function isOfRow(fill: Fill): fill is Fill & { readonly stampKeys: readonly string[] } {
  return fill.stampKeys !== undefined && fill.dependencies === undefined;
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
