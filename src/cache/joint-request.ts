import type { Address, Siblings } from './address.js';
import { gather, type Gathered } from './gather.js';

type Texts = readonly (string | undefined)[];

/** Several entries with their stamps, asked for as one list of keys. */
export interface JointRequest {
  readonly keys: readonly string[];
  /** The texts of one entry and of its stamps, out of those of all keys. Whoever keeps the list copies it: the next may be in it. */
  textsOf(all: Texts, index: number): Texts;
}

export function jointRequest(addresses: readonly Address[]): JointRequest {
  const siblings = addresses[0]?.siblings;
  return siblings && addresses.every((address) => address.siblings === siblings)
    ? new SiblingsRequest(addresses, siblings)
    : new MixedRequest(addresses);
}

class MixedRequest implements JointRequest {
  readonly #gathered: Gathered<string>;

  constructor(addresses: readonly Address[]) {
    this.#gathered = gather(addresses);
  }

  get keys(): readonly string[] {
    return this.#gathered.items;
  }

  textsOf(all: Texts, index: number): Texts {
    // NOTE: not by destructuring, which goes through an iterator and fills a longer array
    return (this.#gathered.places[index] ?? []).map((place) => all[place]);
  }
}

/** The stamps that all have, once; then the entry and the own stamp of each. It makes no lists for each row, which would show. */
class SiblingsRequest implements JointRequest {
  readonly keys: readonly string[];
  readonly #ownPlace: number;
  readonly #shared: number;
  readonly #texts: (string | undefined)[];
  #all: Texts | undefined;

  constructor(addresses: readonly Address[], { sharedStampKeys, ownPlace }: Siblings) {
    const keys = [...sharedStampKeys];
    for (const { key, ownStampKey = '' } of addresses) keys.push(key, ownStampKey);
    this.keys = keys;
    this.#ownPlace = ownPlace + 1; // the entry is the first
    this.#shared = sharedStampKeys.length;
    this.#texts = Array.from({ length: this.#shared + 2 });
  }

  textsOf(all: Texts, index: number): Texts {
    const texts = this.#texts;
    if (this.#all !== all) this.#takeShared(all);
    const place = this.#shared + 2 * index;
    texts[0] = all[place];
    texts[this.#ownPlace] = all[place + 1];
    return texts;
  }

  #takeShared(all: Texts): void {
    this.#all = all;
    for (let place = 0; place < this.#shared; place++) {
      this.#texts[place + 1 < this.#ownPlace ? place + 1 : place + 2] = all[place];
    }
  }
}
