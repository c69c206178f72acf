import type { Cell } from '../cell.js';
import type { ColumnType, DialectName } from '../column-type.js';
import { refuse, unreadable } from './refusal.js';

/** True and false; 1 and 0 on SQLite, which has no booleans of its own. */
export const booleanType: ColumnType = {
  name: 'boolean',
  signature: 'boolean',
  // There are two values, and each has one form in each database.
  canonicalEquality: true,
  sqlType: (dialect) => (dialect === 'sqlite' ? 'integer' : 'boolean'),
  encode: (value) => (typeof value === 'boolean' ? value : refuse('true or false', value)),
  decode: undefined,
  toDatabase: (cell, dialect) => (dialect === 'sqlite' ? Number(cell) : cell),
  fromDatabase: (raw, dialect) => (typeof raw === 'boolean' ? raw : readOther(raw, dialect)),
};

function readOther(raw: unknown, dialect: DialectName): Cell {
  if (raw === 1 || raw === 1n) return true;
  if (raw === 0 || raw === 0n) return false;
  if (dialect === 'postgres' && (raw === 't' || raw === 'true')) return true;
  if (dialect === 'postgres' && (raw === 'f' || raw === 'false')) return false;
  return unreadable('boolean', dialect === 'sqlite' ? '0 or 1' : 'true or false', raw);
}
