import type { ColumnType, ColumnTypeOptions, DialectName } from '../column-type.js';
import { InvalidValue } from '../column-type.js';
import { UsageError } from '../../errors.js';
import { unreadable } from './refusal.js';
import { assertStoredText, codePoints } from './stored-text.js';

/** The most that PostgreSQL lets a varchar declare. */
const LONGEST = 10_485_760;

/** A line of text, of at most `maxLength` characters where that is given. */
export function stringType(options: ColumnTypeOptions, where: string): ColumnType {
  const { maxLength } = options;
  return makeText('string', maxLengthOf(options, where), (dialect) =>
    dialect === 'postgres' && maxLength !== undefined ? `varchar(${maxLength})` : 'text',
  );
}

/** Text of any length; `maxLength`, where given, is checked by the library alone. */
export function textType(options: ColumnTypeOptions, where: string): ColumnType {
  return makeText('text', maxLengthOf(options, where), () => 'text');
}

function makeText(name: string, maxLength: number, sqlType: (dialect: DialectName) => string): ColumnType {
  return {
    name,
    signature: name,
    // Text is compared by its characters, given a deterministic collation: not citext, char(n) or COLLATE NOCASE.
    canonicalEquality: true,
    sqlType,
    encode(value) {
      assertStoredText(value);
      assertLength(value, maxLength);
      return value;
    },
    decode: undefined,
    toDatabase: (cell) => cell,
    fromDatabase: (raw) => (typeof raw === 'string' ? raw : unreadable(name, 'text', raw)),
  };
}

function assertLength(value: string, maxLength: number): void {
  if (value.length <= maxLength) return;
  const length = codePoints(value);
  if (length > maxLength) throw new InvalidValue(`expects at most ${maxLength} characters, got ${length}`);
}

function maxLengthOf({ maxLength }: ColumnTypeOptions, where: string): number {
  if (maxLength === undefined) return Infinity;
  if (Number.isInteger(maxLength) && maxLength >= 1 && maxLength <= LONGEST) return maxLength;
  throw new UsageError(
    `${where}: maxLength is not a whole number from 1 to ${LONGEST}. Write for example maxLength: 200, or leave it out.`,
  );
}
