import type { Cell } from '../cell.js';
import type { ColumnType, DialectName } from '../column-type.js';
import { InvalidValue } from '../column-type.js';
import { isDate } from 'node:util/types';
import { parseMoment } from './datetime-text.js';
import { refuse, unreadable } from './refusal.js';

const MIN = Date.parse('0001-01-01T00:00:00.000Z');
const MAX = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Moments as JavaScript Dates, to the millisecond, years 1 to 9999. A cell is milliseconds since 1970. On SQLite it is
 * ISO text of one width in UTC, whose order is the order in time.
 */
export const datetimeType: ColumnType = {
  name: 'datetime',
  signature: 'datetime',
  // Not canonical: rows of others may have microseconds, which a cell does not.
  canonicalEquality: false,
  sqlType: (dialect) => (dialect === 'sqlite' ? 'text' : 'timestamptz(3)'),
  encode,
  decode: (cell) => new Date(Number(cell)),
  isValueOf: (value, cell) => isDate(value) && value.getTime() === cell && cell >= MIN && cell <= MAX,
  toDatabase: (cell) => new Date(Number(cell)).toISOString(),
  fromDatabase: (raw, dialect) => (dialect === 'sqlite' ? fromSqlite(raw) : fromPostgres(raw)),
  // Neither DateStyle, TimeZone nor a parser that an application gave to pg changes a number, and it is read faster
  // than the driver's Date. The cast to numeric keeps it exact before PostgreSQL 14.
  selectSql: (column, dialect) =>
    dialect === 'sqlite' ? undefined : `floor(extract(epoch from ${column})::numeric * 1000)::text`,
};

function encode(value: unknown): number {
  if (!isDate(value)) return refuse('a Date', value);
  const ms = value.getTime();
  if (Number.isNaN(ms)) throw new InvalidValue('expects a Date, got an invalid Date');
  if (ms < MIN || ms > MAX) throw new InvalidValue('expects a Date in the years 1 to 9999, got one outside');
  return ms;
}

function fromSqlite(raw: unknown): Cell {
  if (typeof raw !== 'string') return readOther(raw, 'sqlite');
  const ms = isWrittenByUs(raw) ? Date.parse(raw) : NaN;
  return Number.isNaN(ms) ? readText(raw, 'sqlite') : ms;
}

/** `YYYY-MM-DDTHH:MM:SS.sssZ`, judged by its shape alone: this is the way of nearly every read. */
function isWrittenByUs(raw: string): boolean {
  return raw.length === 24 && raw[10] === 'T' && raw[23] === 'Z';
}

function fromPostgres(raw: unknown): Cell {
  if (typeof raw !== 'string') return readOther(raw, 'postgres');
  const ms = Number(raw);
  return Number.isInteger(ms) ? ms : readText(raw, 'postgres');
}

function readText(raw: string, dialect: DialectName): Cell {
  return parseMoment(raw) ?? refuseRaw(raw, dialect);
}

/** Milliseconds, as some programs write on SQLite and some parsers of pg give; or the driver's own Date. */
function readOther(raw: unknown, dialect: DialectName): Cell {
  const ms = isDate(raw) ? raw.getTime() : typeof raw === 'bigint' ? Number(raw) : raw;
  return typeof ms === 'number' && Number.isSafeInteger(ms) ? ms : refuseRaw(raw, dialect);
}

function refuseRaw(raw: unknown, dialect: DialectName): never {
  const forms =
    dialect === 'sqlite' ? 'ISO text or whole milliseconds since 1970' : 'a finite timestamp (infinity is no Date)';
  return unreadable('datetime', forms, raw);
}
