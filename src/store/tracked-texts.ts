import { inOnePiece } from '../support/compact.js';
import type { Texts } from './cache-store.js';
import { lastingTexts } from './lasting-texts.js';
import { repeatedKeys, type RepeatedKeys } from './repeated-keys.js';

/** A longer first text, as that of a large entry, is read each time. */
const longestText = 32_768;

/** So many characters are kept; then no more are, until what is not asked for any more is let go. */
const mostCharacters = 16_000_000;

/** What a list takes besides its texts. */
const charactersPerList = 1_000;

/** A text that the server is going to tell of when it changes, and whose keys it belongs to. */
class TrackedText {
  readonly text: string;
  /** NOTE: most belong to one list; a set for each would take more memory than all else. */
  #lists: TrackedKeys | Set<TrackedKeys> | undefined;

  constructor(text: string) {
    this.text = text;
  }

  get lists(): Iterable<TrackedKeys> {
    const lists = this.#lists;
    if (lists === undefined) return [];
    return lists instanceof Set ? lists : [lists];
  }

  add(list: TrackedKeys): void {
    const lists = this.#lists;
    if (lists instanceof Set) lists.add(list);
    else this.#lists = lists === undefined || lists === list ? list : new Set([lists, list]);
  }

  /** Whether there are others. */
  remove(list: TrackedKeys): boolean {
    const lists = this.#lists;
    if (lists instanceof Set) {
      lists.delete(list);
      return lists.size > 0;
    }
    this.#lists = undefined;
    return false;
  }
}

/** No keys: what each list begins with of which all texts are kept. */
export const none = repeatedKeys([]);

/** Keys whose texts are known. */
export class TrackedKeys {
  /** Which tracking keeps them. NOTE: not the tracking itself, whose connection may be over long before the keys are. */
  readonly by: object;
  /** False from when one of the texts may have changed. */
  isCurrent = true;
  /** Whether it was asked for lately. */
  isUsed = true;
  /** What is asked for each time; it comes first. */
  readonly others: RepeatedKeys;
  readonly keys: readonly string[];
  /** The texts of the other keys. */
  readonly texts: Texts;

  constructor(by: object, { keys, read }: { readonly keys: readonly string[]; readonly read: Texts }) {
    const from = (read[0]?.length ?? 0) > longestText ? 1 : 0;
    this.by = by;
    this.others = from === 0 ? none : repeatedKeys(keys.slice(0, from));
    this.keys = from === 0 ? keys : keys.slice(from);
    this.texts = lastingTexts(read.slice(from).map((text) => text && inOnePiece(text))); // not as parts of a long reply
  }

  get characters(): number {
    let sum = charactersPerList;
    for (const key of this.keys) sum += key.length;
    for (const text of this.texts) sum += 2 * (text?.length ?? 0); // readers keep what they make of them
    return sum;
  }
}

/** The texts of the lists that are kept. */
export class TrackedTexts {
  readonly #texts = new Map<string, TrackedText>();
  readonly #lists = new Set<TrackedKeys>();
  #characters = 0;

  /** Whether there is no room for more. */
  get areFull(): boolean {
    return this.#characters >= mostCharacters;
  }

  get areSome(): boolean {
    return this.#lists.size > 0;
  }

  get keys(): Iterable<string> {
    return this.#texts.keys();
  }

  /** The text that is kept under a key. */
  under(key: string): string | undefined {
    return this.#texts.get(key)?.text;
  }

  /** Keeps a list of which no text is missing. */
  add(list: TrackedKeys): void {
    this.#characters += list.characters;
    this.#lists.add(list);
    for (let index = 0; index < list.keys.length; index++) {
      const key = list.keys[index] ?? '';
      const text = this.#texts.get(key) ?? new TrackedText(list.texts[index] ?? '');
      this.#texts.set(key, text);
      text.add(list);
    }
  }

  forget(list: TrackedKeys): void {
    if (!list.isCurrent) return;
    list.isCurrent = false;
    this.#characters -= list.characters;
    this.#lists.delete(list);
    for (const key of list.keys) if (this.#texts.get(key)?.remove(list) === false) this.#texts.delete(key);
  }

  /** Forgets all lists with a key. */
  forgetUnder(key: string): void {
    for (const list of this.#texts.get(key)?.lists ?? []) this.forget(list);
  }

  /** Forgets the lists that were not asked for since the last time. */
  forgetUnused(): void {
    for (const list of this.#lists) {
      if (list.isUsed) list.isUsed = false;
      else this.forget(list);
    }
  }

  forgetAll(): void {
    for (const list of this.#lists) list.isCurrent = false;
    this.#lists.clear();
    this.#texts.clear();
    this.#characters = 0;
  }
}
