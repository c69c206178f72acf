import { hashText } from '../../support/hash.js';

const mostNames = 1000;

/**
 * The names under which texts are prepared. A name is made of its text, so that everybody who shares a connection
 * agrees on it. A server keeps each name for the life of a connection, so there is an end to them.
 */
export class PreparedNames {
  readonly #names = new Map<string, string>();
  #renewed = 0;

  /** Undefined where the text is better not prepared. */
  nameOf(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= mostNames) return known;
    const name = `moneyclip_${hashText(text)}`;
    this.#names.set(text, name);
    return name;
  }

  /** From now on the text has another name: what is prepared under the old one no longer fits its table. */
  renew(text: string): void {
    this.#renewed += 1;
    this.#names.set(text, `moneyclip_${hashText(text)}_${this.#renewed}`);
  }
}
