import type { Cell } from '../cell.js';
import type { ColumnType } from '../column-type.js';
import { refuse, unreadable } from './refusal.js';

/**
 * Numbers as JavaScript has them: 64 bits, fractions, the infinities. The infinities are text in a cell, because JSON
 * has none; -0 becomes 0. NaN is refused, because SQLite would store null; one that another program stored is read.
 */
export const floatType: ColumnType = {
  name: 'float',
  signature: 'float',
  // Not canonical: NaN, -0, and sessions that print fewer digits.
  canonicalEquality: false,
  sqlType: (dialect) => (dialect === 'sqlite' ? 'real' : 'double precision'),
  encode: (value) => (typeof value === 'number' && !Number.isNaN(value) ? toCell(value) : refuse('a number', value)),
  decode: (cell) => (typeof cell === 'number' ? cell : Number(cell)),
  isValueOf: (value, cell) => typeof value === 'number' && !Number.isNaN(value) && toCell(value) === cell,
  toDatabase: (cell) => (typeof cell === 'number' ? cell : Number(cell)),
  fromDatabase: (raw) => (typeof raw === 'number' ? toCell(raw) : readOther(raw)),
};

function toCell(value: number): Cell {
  return Number.isFinite(value) ? value + 0 : String(value);
}

/** A parser that an application gave to pg may leave text; SQLite gives a BigInt where it was told to. */
function readOther(raw: unknown): Cell {
  if (typeof raw === 'bigint') return Number(raw);
  const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : NaN;
  return Number.isNaN(value) && raw !== 'NaN' ? unreadable('float', 'a number', raw) : toCell(value);
}
