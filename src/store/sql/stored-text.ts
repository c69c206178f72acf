import { createHash } from 'node:crypto';

/** Begins what stands for something else. A text that has it itself has it written out. */
const mark = '\u0001';
/** What a database may not hold: NUL, halves of a surrogate pair; and the mark. */
const unsafe = /[\u0000\u0001\ud800-\udfff]/gu; // oxlint-disable-line no-control-regex -- they are what is looked for
const written = /\u0001([0-9a-f]{4})/g; // oxlint-disable-line no-control-regex -- as above
/** PostgreSQL takes about 2,700 bytes in an index; a character is at most three. */
const longestKey = 400;

/** A text in characters that every database keeps; `textOf` gives it back exactly. */
export function storedText(text: string): string {
  return text.replace(unsafe, (character) => mark + character.charCodeAt(0).toString(16).padStart(4, '0'));
}

/** The text that `storedText` was given. */
export function textOf(stored: string): string {
  if (!stored.includes(mark)) return stored;
  return stored.replace(written, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** A key in the same way; the hash of a long one, since what an index takes has an end. */
export function storedKey(key: string): string {
  if (key.length > longestKey) return `${mark}h${createHash('sha256').update(storedText(key)).digest('base64url')}`;
  return storedText(key);
}
