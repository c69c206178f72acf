import type { Held } from './held.js';

/** Keys that end in a whole number lie together under that number; all others under themselves, with an empty prefix. */
export interface Place {
  readonly prefix: string;
  readonly id: string | number;
}

/** The largest number that keys are taken apart at: V8 keeps such numbers without an object of their own. */
export const largestId = 999_999_999;

const mostDigits = String(largestId).length;
const [zero, nine, colon] = [48, 57, 58];

/**
 * A map from keys to what is held. It keeps no text for keys such as `documents:123`, of which there are the most, and
 * whoever knows prefix and number need not put them together.
 */
export class Shelves {
  readonly #shelves = new Map<string, Map<string | number, Held>>();

  get(key: string): Held | undefined {
    const { prefix, id } = placeOf(key);
    return this.at(prefix, id);
  }

  at(prefix: string, id: string | number): Held | undefined {
    return this.#shelves.get(prefix)?.get(id);
  }

  set({ prefix, id }: Place, held: Held): void {
    const shelf = this.#shelves.get(prefix);
    if (shelf) shelf.set(id, held);
    else this.#shelves.set(prefix, new Map([[id, held]]));
  }

  delete({ prefix, id }: Place): void {
    const shelf = this.#shelves.get(prefix);
    if (shelf?.delete(id) && shelf.size === 0) this.#shelves.delete(prefix);
  }

  /** All that is held, once. */
  *all(): Generator<readonly [key: string, Held]> {
    for (const [prefix, shelf] of this.#shelves) for (const [id, held] of shelf) yield [`${prefix}${id}`, held];
  }

  /** Goes round for ever, as long as there is anything. What is added during a shelf's turn waits for its next one. */
  *rounds(): Generator<readonly [Place, Held], never> {
    for (;;) {
      for (const [prefix, shelf] of this.#shelves) {
        let left = shelf.size;
        for (const [id, held] of shelf) {
          if (left === 0) break;
          left -= 1;
          yield [{ prefix, id }, held];
        }
      }
    }
  }
}

export function placeOf(key: string): Place {
  let start = key.length;
  while (isDigit(key.charCodeAt(start - 1))) start -= 1;
  const digits = key.length - start;
  const whole = digits === 1 || (digits > 1 && digits <= mostDigits && key.charCodeAt(start) !== zero);
  if (!whole || key.charCodeAt(start - 1) !== colon) return { prefix: '', id: key };
  return { prefix: key.slice(0, start), id: Number(key.slice(start)) };
}

function isDigit(code: number): boolean {
  return code >= zero && code <= nine;
}
