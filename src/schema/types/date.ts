import type { Cell } from '../cell.js';
import type { ColumnType } from '../column-type.js';
import { InvalidValue } from '../column-type.js';
import { isDate } from 'node:util/types';
import { isCalendarDate } from './calendar.js';
import { refuse, unreadable } from './refusal.js';

const WITH_TIME = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d/;

/** Days of the calendar as `YYYY-MM-DD` text, years 1 to 9999: never a Date, whose day depends on a time zone. */
export const dateType: ColumnType = {
  name: 'date',
  signature: 'date',
  // A day has one form; the library writes no other.
  canonicalEquality: true,
  sqlType: (dialect) => (dialect === 'sqlite' ? 'text' : 'date'),
  encode,
  decode: undefined,
  toDatabase: (cell) => cell,
  fromDatabase,
  // JSON's form of a date is the same under every DateStyle, and costs less than to_char.
  selectSql: (column, dialect) => (dialect === 'sqlite' ? undefined : `to_json(${column})::text`),
};

function encode(value: unknown): string {
  if (isDate(value)) {
    throw new InvalidValue(
      "expects a date as text 'YYYY-MM-DD', got a Date, whose day depends on the time zone; write date.toISOString().slice(0, 10) for the day in UTC",
    );
  }
  if (typeof value !== 'string') return refuse("a date as text 'YYYY-MM-DD'", value);
  if (!isCalendarDate(value)) {
    throw new InvalidValue("expects a date as text 'YYYY-MM-DD' from 0001-01-01 to 9999-12-31, got text that is none");
  }
  return value;
}

function fromDatabase(raw: unknown): Cell {
  const text = typeof raw === 'string' ? dayIn(raw) : '';
  return isCalendarDate(text) ? text : unreadable('date', "'YYYY-MM-DD' from 0001-01-01 to 9999-12-31", raw);
}

/** Takes JSON's quotes off, and the time of day that other programs may have stored on SQLite. */
function dayIn(raw: string): string {
  if (raw.startsWith('"')) return raw.slice(1, -1);
  return raw.length > 10 && WITH_TIME.test(raw) ? raw.slice(0, 10) : raw;
}
