/// <reference lib="es2024.string" />
import { InvalidValue } from '../column-type.js';
import { refuse } from './refusal.js';

/** Refuses what is not text, and text that no database keeps as it is. */
export function assertStoredText(value: unknown): asserts value is string {
  if (typeof value !== 'string') refuse('text', value);
  const flaw = textFlaw(value);
  if (flaw !== undefined) throw new InvalidValue(`contains ${flaw}`);
}

/** Says why text would not come back from a database as it went in; undefined where it would. */
export function textFlaw(text: string): string | undefined {
  if (text.includes('\0')) return 'a NUL character, which PostgreSQL cannot store; remove it';
  if (!text.isWellFormed()) {
    return 'half of a surrogate pair, which has no UTF-8 form; make it well formed with toWellFormed()';
  }
  return undefined;
}

/** The number of characters as PostgreSQL counts them: code points, so an emoji is one where `length` says two. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
