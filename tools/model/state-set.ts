/** Packed states, each once, in the order in which they were added, with the one that each was first reached from. */
export class StateSet {
  readonly #size: number;
  #count = 0;
  #capacity = 1 << 14;
  #states: Uint8Array;
  #parents = new Uint32Array(this.#capacity);
  /** Open addressing: the number of a state plus one; 0 where there is none. */
  #slots = new Uint32Array(this.#capacity * 2);

  constructor(size: number) {
    this.#size = size;
    this.#states = new Uint8Array(size * this.#capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** The bytes of the state with this number; they must not be changed. */
  at(index: number): Uint8Array {
    return this.#states.subarray(index * this.#size, (index + 1) * this.#size);
  }

  parentOf(index: number): number {
    return this.#parents[index] ?? 0;
  }

  /** Adds a state that is not there yet. */
  add(state: Uint8Array, parent: number): void {
    const slot = this.#slotOf(state);
    if (this.#slots[slot] !== 0) return;
    this.#states.set(state, this.#count * this.#size);
    this.#parents[this.#count] = parent;
    this.#count += 1;
    this.#slots[slot] = this.#count;
    if (this.#count === this.#capacity) this.#grow();
  }

  /** Where a state is, or where it belongs. */
  #slotOf(state: Uint8Array): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOf(state) & mask;
    for (;;) {
      const number = slots[slot] ?? 0;
      if (number === 0 || this.#isAt(state, number - 1)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isAt(state: Uint8Array, index: number): boolean {
    const start = index * this.#size;
    for (let place = 0; place < state.length; place += 1) {
      if (state[place] !== this.#states[start + place]) return false;
    }
    return true;
  }

  #grow(): void {
    this.#capacity *= 2;
    const states = new Uint8Array(this.#size * this.#capacity);
    states.set(this.#states);
    this.#states = states;
    const parents = new Uint32Array(this.#capacity);
    parents.set(this.#parents);
    this.#parents = parents;
    this.#slots = new Uint32Array(this.#capacity * 2);
    for (let index = 0; index < this.#count; index += 1) this.#slots[this.#slotOf(this.at(index))] = index + 1;
  }
}

/** FNV-1a over the bytes, with its upper bits mixed down since only the lower ones pick a slot. */
function hashOf(state: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < state.length; place += 1) hash = Math.imul(hash ^ (state[place] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
