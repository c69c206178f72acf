/**
 * Remembers what was asked for lately: the last `most` keys at least, and twice as many at most.
 *
 * There are two generations. What is found in the old one goes over to the young one; when that is full it becomes the
 * old one, and what is left in the old one is forgotten. NOTE: a list in the order of use would have to be mended at each
 * look, which takes several times as long as finding the key, on the way of every hit.
 */
export class RecentMap<Key, Value extends NonNullable<unknown>> {
  /** Grows each time that something may have been forgotten. */
  generation = 0;
  readonly #most: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  constructor(most: number) {
    this.#most = most;
  }

  get(key: Key): Value | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#most) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.generation += 1;
  }

  /** How many keys are remembered; those that are in both generations count twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
