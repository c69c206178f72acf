import { RecentMap } from './recent-map.js';

/** What is found again by its number. */
export interface Numbered {
  readonly number: unknown;
}

const fewestPlaces = 64;
const mostPlaces = 16_384;

/**
 * Remembers what was asked for lately by a number, as a {@link RecentMap} does, which it is in front of: each number has
 * a place, which it shares with others, and what was asked for last stands in it.
 *
 * NOTE: finding something so reads one place of a list, and the thing itself. A Map of thousands reads three places more,
 * all over the memory, which shows in a hit.
 */
export class RecentByNumber<Value extends Numbered> {
  readonly #map: RecentMap<number, Value>;
  /** Nothing that the map has forgotten. Their number is a power of two. */
  #places: (Value | undefined)[] = emptyPlaces(fewestPlaces);
  #generation = 0;

  constructor(most: number) {
    this.#map = new RecentMap(most);
  }

  get(number: number): Value | undefined {
    const places = this.#places;
    const value = places[number & (places.length - 1)];
    return value !== undefined && value.number === number ? value : this.#find(number);
  }

  /** From now on this is found, by its number. */
  set(number: number, value: Value): void {
    this.#map.set(number, value);
    this.#place(number, value);
  }

  #find(number: number): Value | undefined {
    const value = this.#map.get(number);
    if (value !== undefined) this.#place(number, value);
    return value;
  }

  #place(number: number, value: Value): void {
    const { generation, size } = this.#map;
    const { length } = this.#places;
    const isFull = size > length && length < mostPlaces;
    if (isFull || generation !== this.#generation) this.#places = emptyPlaces(isFull ? 2 * length : length);
    this.#generation = generation;
    this.#places[number & (this.#places.length - 1)] = value;
  }
}

function emptyPlaces(count: number): undefined[] {
  return Array.from({ length: count });
}
