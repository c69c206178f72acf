import type { Cell } from '../cell.js';
import type { ColumnType } from '../column-type.js';
import { InvalidValue } from '../column-type.js';
import { refuse, unreadable } from './refusal.js';

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const DIGITS = /^-?\d+$/;

/** Whole numbers of 64 bits, as JavaScript bigints. A cell is the decimal text, because JSON has no bigint. */
export const bigintType: ColumnType = {
  name: 'bigint',
  signature: 'bigint',
  // Both databases compare whole numbers by value, and decimal text without leading zeros is one for each value.
  canonicalEquality: true,
  sqlType: (dialect) => (dialect === 'sqlite' ? 'integer' : 'bigint'),
  encode,
  decode: (cell) => BigInt(String(cell)),
  isValueOf: (value, cell) => typeof value === 'bigint' && String(value) === cell,
  toDatabase: (cell, dialect) => (dialect === 'sqlite' ? BigInt(String(cell)) : cell),
  fromDatabase,
  // As text: better-sqlite3 rounds above 2^53, and so does a parser that an application gave to pg.
  selectSql: (column, dialect) => (dialect === 'sqlite' ? `cast(${column} as text)` : `${column}::text`),
};

function encode(value: unknown): string {
  if (typeof value === 'bigint') return inRange(value);
  if (Number.isSafeInteger(value)) return String(value);
  if (typeof value !== 'number') return refuse('a bigint', value);
  throw new InvalidValue('expects a bigint, got a number that is not a safe integer; write a bigint such as 1n');
}

function inRange(value: bigint): string {
  if (value < MIN || value > MAX) {
    throw new InvalidValue("expects a bigint of 64 bits, got one outside; type: 'decimal' holds it");
  }
  return String(value);
}

function fromDatabase(raw: unknown): Cell {
  if (typeof raw === 'string' && DIGITS.test(raw)) return raw;
  if (typeof raw === 'bigint' || Number.isSafeInteger(raw)) return String(raw);
  return unreadable('bigint', 'a whole number', raw);
}
