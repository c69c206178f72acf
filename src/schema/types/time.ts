import type { ColumnType } from '../column-type.js';
import { InvalidValue } from '../column-type.js';
import { refuse, unreadable } from './refusal.js';

const TIME = /^(?:([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?|24:00(?::00)?)$/;

/** Times of day as `HH:MM:SS` text, with up to six digits of a second: `09:30` and `09:30:00` are the same. */
export const timeType: ColumnType = {
  name: 'time',
  signature: 'time',
  // Not canonical: rows of others on SQLite may leave the seconds out.
  canonicalEquality: false,
  sqlType: (dialect) => (dialect === 'sqlite' ? 'text' : 'time'),
  encode,
  decode: undefined,
  toDatabase: (cell) => cell,
  fromDatabase: (raw) =>
    (typeof raw === 'string' ? canonicalTime(raw) : undefined) ??
    unreadable('time', "'HH:MM:SS' without a time zone", raw),
  selectSql: (column, dialect) => (dialect === 'sqlite' ? undefined : `${column}::text`),
};

function encode(value: unknown): string {
  if (typeof value !== 'string') return refuse("a time of day as text 'HH:MM:SS'", value);
  const time = canonicalTime(value);
  if (time !== undefined) return time;
  throw new InvalidValue(
    "expects a time of day as text 'HH:MM', 'HH:MM:SS' or 'HH:MM:SS.ffffff', got text that is none",
  );
}

/** With seconds always and without trailing zeros, so that the order of texts is the order in time. */
function canonicalTime(text: string): string | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, hour = '24', minute = '00', second = '00', fraction = ''] = match;
  const digits = fraction.replace(/0+$/, '');
  return `${hour}:${minute}:${second}${digits === '' ? '' : `.${digits}`}`;
}
