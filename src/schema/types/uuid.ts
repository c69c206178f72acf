import type { ColumnType } from '../column-type.js';
import { InvalidValue } from '../column-type.js';
import { refuse, unreadable } from './refusal.js';

const CANONICAL = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/**
 * UUIDs of any version as lower-case text. SQLite compares text, so one that another program stored there in upper
 * case is refused on reading: no lookup would find it.
 */
export const uuidType: ColumnType = {
  name: 'uuid',
  signature: 'uuid',
  // One form for each value: PostgreSQL compares the 128 bits, SQLite the lower-case text.
  canonicalEquality: true,
  sqlType: (dialect) => (dialect === 'sqlite' ? 'text' : 'uuid'),
  encode,
  decode: undefined,
  toDatabase: (cell) => cell,
  fromDatabase: (raw) =>
    typeof raw === 'string' && CANONICAL.test(raw) ? raw : unreadable('uuid', 'a UUID in lower case', raw),
};

function encode(value: unknown): string {
  if (typeof value !== 'string') return refuse('a UUID as text', value);
  const text = value.toLowerCase();
  if (CANONICAL.test(text)) return text;
  throw new InvalidValue('expects a UUID as text, 32 hexadecimal digits in groups of 8-4-4-4-12, got other text');
}
