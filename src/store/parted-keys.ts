import type { Texts } from './cache-store.js';
import { isLasting, type RepeatedKeys } from './repeated-keys.js';

const partsOfKeys = Symbol('partsOfKeys');
const textsOfParts = Symbol('textsOfParts');

/** One of several lists that are asked for as one. */
export interface Part {
  /** The list itself, where its texts are lasting. */
  readonly list: RepeatedKeys | undefined;
  /** Where its keys are in the one. */
  readonly places: readonly number[];
}

/** Lets clients see of which lists this one was made, if any of them has lasting texts. */
export function partedKeys(
  keys: readonly string[],
  lists: readonly (readonly string[] | undefined)[],
  places: readonly (readonly number[])[],
): readonly string[] {
  if (!lists.some((list) => list && isLasting(list))) return keys;
  const all = places.map((each, index): Part => {
    const list = lists[index];
    return { list: list && isLasting(list) ? list : undefined, places: each };
  });
  return Object.assign(keys, { [partsOfKeys]: all });
}

/** What `partedKeys` was told. */
export function partsOf(keys: readonly string[]): readonly Part[] | undefined {
  return (keys as { readonly [partsOfKeys]?: readonly Part[] })[partsOfKeys];
}

/** The texts of a whole with those of its parts that came as lists of their own, see {@link partTexts}. */
export function partedTexts(texts: Texts, ofParts: readonly (Texts | undefined)[]): Texts {
  return Object.assign(texts, { [textsOfParts]: ofParts });
}

/** The texts of one part, where they came as a list of their own. */
export function partTexts(texts: Texts, index: number): Texts | undefined {
  return (texts as { readonly [textsOfParts]?: readonly (Texts | undefined)[] })[textsOfParts]?.[index];
}

/** The places of the keys of parts of which not all is kept. */
export function placesToAsk(
  keys: readonly string[],
  parts: readonly Part[],
  known: readonly unknown[],
): readonly number[] {
  const isAsked = new Uint8Array(keys.length);
  for (let index = 0; index < parts.length; index++) {
    if (!known[index]) for (const place of parts[index]?.places ?? []) isAsked[place] = 1;
  }
  const asked: number[] = [];
  for (let place = 0; place < isAsked.length; place++) if (isAsked[place] === 1) asked.push(place);
  return asked;
}

/** Texts at their places; at the others those of `rest`. */
export function textsAt(places: readonly number[], read: Texts, rest: Texts = []): Texts {
  const texts = [...rest];
  for (let index = 0; index < places.length; index++) texts[places[index] ?? 0] = read[index];
  return texts;
}

export function pick(texts: Texts, places: readonly number[]): Texts {
  return places.map((place) => texts[place]);
}
