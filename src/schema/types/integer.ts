import type { ColumnType } from '../column-type.js';
import { InvalidValue } from '../column-type.js';
import { refuse, unreadable } from './refusal.js';

const MIN = -(2 ** 31);
const MAX = 2 ** 31 - 1;
const DIGITS = /^-?\d+$/;

/**
 * Whole numbers of 32 bits, on both databases alike, although SQLite would take more. A wider number that another
 * program stored is read as long as a JavaScript number holds it exactly.
 */
export const integerType: ColumnType = {
  name: 'integer',
  signature: 'integer',
  // Both databases compare whole numbers by value, and a cell is that value.
  canonicalEquality: true,
  sqlType: () => 'integer',
  encode,
  decode: undefined,
  toDatabase: (cell) => cell,
  fromDatabase: (raw) => (Number.isSafeInteger(raw) ? wholeNumber(raw) : readOther(raw)),
};

function encode(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return refuse('a whole number', value);
  if (!Number.isInteger(value)) {
    throw new InvalidValue("expects a whole number, got one with a fraction; type: 'float' keeps fractions");
  }
  if (value < MIN || value > MAX) {
    throw new InvalidValue(`expects a whole number from ${MIN} to ${MAX}, got one outside; type: 'bigint' holds it`);
  }
  return wholeNumber(value);
}

/** Turns -0, which JSON would lose, into 0. */
function wholeNumber(value: unknown): number {
  return Number(value) + 0;
}

/** Drivers give int8 as text, and anything as a BigInt, where they were told to. */
function readOther(raw: unknown): number {
  const readable = typeof raw === 'bigint' || (typeof raw === 'string' && DIGITS.test(raw));
  const value = readable ? Number(raw) : NaN;
  return Number.isSafeInteger(value)
    ? wholeNumber(value)
    : unreadable('integer', 'a whole number that a JavaScript number holds exactly', raw);
}
