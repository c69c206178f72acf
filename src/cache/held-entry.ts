import type { CacheNote, InProcessStore } from '../store/cache-store.js';
import { Held } from '../store/held.js';
import { HeldText } from '../store/held-text.js';
import { decodeEntry, encodeEntry, type Entry } from './entry.js';
import { PackedEntry } from './packed-entry.js';

/** An entry in an in-process store, with its length as text. */
export class HeldEntry extends Held {
  readonly entry: Entry;
  readonly bytes: number;
  readonly #note: CacheNote | undefined;

  constructor(entry: Entry, bytes: number, note?: CacheNote) {
    super();
    this.#note = note;
    this.entry = entry;
    this.bytes = bytes;
  }

  override get note(): CacheNote | undefined {
    return this.#note;
  }
}

/** An entry as an object that nobody else can change. */
export function copied(entry: Entry, note?: CacheNote): HeldEntry {
  const text = encodeEntry(entry);
  return new HeldEntry(decodeEntry(text) ?? entry, text.length, note); // what was encoded can be decoded
}

/** An entry that refers to its stamps. */
export function packed(store: InProcessStore, entry: Entry, stampKeys: readonly string[]): PackedEntry {
  const stamps = stampKeys.map((key, index) => stampIn(store, key, entry.stamps[index] ?? ''));
  return new PackedEntry(entry, stamps);
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
