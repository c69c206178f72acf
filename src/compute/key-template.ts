import { UsageError } from '../errors.js';

/** What a key may be made of. */
export type KeyPart = string | number | bigint | boolean;

/** A key as people write it: a text with a `%s` for each argument. */
export class KeyTemplate {
  readonly text: string;
  readonly #pieces: readonly string[];

  constructor(text: string, where: string) {
    if (typeof text !== 'string' || text === '') {
      throw new UsageError(
        `${where}: the key template must be a text such as 'account::followers::%s', got ${text === '' ? 'an empty text' : typeof text}`,
      );
    }
    this.text = text;
    this.#pieces = text.split('%s');
  }

  /** How many arguments it takes. */
  get size(): number {
    return this.#pieces.length - 1;
  }

  /** The key for these arguments. Throws UsageError where their number or kind is wrong. */
  format(parts: readonly unknown[], where: string): string {
    const checked = this.#check(parts, where);
    return this.#pieces.reduce((key, piece, index) => `${key}${String(checked[index - 1])}${piece}`);
  }

  /** What tells this key from every other: two different lists of arguments never share it, whatever they contain. */
  identity(parts: readonly unknown[], where: string): string {
    let texts = '';
    for (const part of this.#check(parts, where)) {
      if (texts !== '') texts += ',';
      texts += typeof part === 'string' ? JSON.stringify(part) : `"${String(part)}"`;
    }
    return `${this.text}[${texts}]`;
  }

  #check(parts: readonly unknown[], where: string): readonly KeyPart[] {
    if (!Array.isArray(parts)) {
      throw new UsageError(
        `${where}: the key function must return a list of arguments, got ${parts === null ? 'null' : typeof parts}`,
      );
    }
    const expected = this.size;
    if (parts.length !== expected) {
      throw new UsageError(
        `${where}: the key template '${this.text}' has ${expected} %s, but the key function gave ${parts.length} arguments`,
      );
    }
    for (let index = 0; index < parts.length; index++) checkPart(parts[index], index, where);
    return parts as readonly KeyPart[]; // just checked
  }
}

function checkPart(part: unknown, index: number, where: string): void {
  const type = typeof part;
  if (type === 'string' || type === 'bigint' || type === 'boolean' || Number.isFinite(part)) return;
  const came = part === null || typeof part === 'number' ? String(part) : typeof part;
  throw new UsageError(
    `${where}: argument ${index + 1} of the key must be a text, a number, a bigint or a boolean, got ${came}`,
  );
}
