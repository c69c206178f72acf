import type { Cell } from '../cell.js';
import type { ColumnType, ColumnTypeOptions } from '../column-type.js';
import { InvalidValue } from '../column-type.js';
import { UsageError } from '../../errors.js';
import { type DecimalDigits, formatDecimal, parseDecimal, plainNumberText } from './decimal-text.js';
import { refuse, unreadable } from './refusal.js';

/** What PostgreSQL's numeric holds where nothing is declared, and the most that may be declared. */
const MOST_WHOLE = 131_072;
const MOST_FRACTION = 16_383;
const MOST_PRECISION = 1000;
/** What PostgreSQL's numeric knows besides digits. Read where another program stored it, never written. */
const SPECIAL = new Set(['NaN', 'Infinity', '-Infinity']);

interface Limits {
  readonly whole: number;
  readonly fraction: number;
  /** Digits after the point that are always written. */
  readonly padding: number;
}

/**
 * Exact decimal numbers, as text: `precision` digits in all, `scale` of them after the point. Nothing is rounded: a
 * value with more digits is refused. SQLite keeps the text; `<`, `>` and ORDER BY compare there to 15 digits.
 */
export function decimalType(options: ColumnTypeOptions, where: string): ColumnType {
  assertOptions(options, where);
  const { precision, scale = precision === undefined ? undefined : 0 } = options;
  const limits = limitsOf(precision, scale);
  const canonical = canonicalPattern(scale);
  return {
    name: 'decimal',
    signature: scale === undefined ? 'decimal' : `decimal:${scale}`,
    // Not canonical: 3.0 equals 3.00 in the database, and rows of others may have either.
    canonicalEquality: false,
    sqlType: (dialect) =>
      dialect === 'sqlite' ? 'text' : precision === undefined ? 'numeric' : `numeric(${precision},${scale})`,
    encode: (value) => encode(value, limits),
    decode: undefined,
    toDatabase: (cell) => cell,
    fromDatabase: (raw) => (typeof raw === 'string' && canonical.test(raw) ? raw : readOther(raw, limits)),
    // On SQLite a table of others may hold whole numbers above 2^53, which the driver would round.
    selectSql: (column, dialect) =>
      dialect === 'sqlite'
        ? `iif(typeof(${column}) = 'integer', cast(${column} as text), ${column})`
        : `${column}::text`,
    orderSql: (expression, dialect) => (dialect === 'sqlite' ? `cast(${expression} as real)` : undefined),
  };
}

function assertOptions({ precision, scale }: ColumnTypeOptions, where: string): void {
  if (precision === undefined && scale === undefined) return;
  if (precision === undefined) {
    throw new UsageError(`${where}: scale is given without precision. Write for example precision: 12, scale: 2.`);
  }
  if (!isWithin(precision, 1, MOST_PRECISION)) {
    throw new UsageError(
      `${where}: precision is not a whole number from 1 to ${MOST_PRECISION}. Write for example precision: 12, scale: 2.`,
    );
  }
  if (scale !== undefined && !isWithin(scale, 0, precision)) {
    throw new UsageError(
      `${where}: scale is not a whole number from 0 to the precision, ${precision}. Write for example precision: 12, scale: 2.`,
    );
  }
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function limitsOf(precision: number | undefined, scale: number | undefined): Limits {
  if (precision === undefined || scale === undefined) return { whole: MOST_WHOLE, fraction: MOST_FRACTION, padding: 0 };
  return { whole: precision - scale, fraction: scale, padding: scale };
}

/** Matches text that is canonical already, which is what a read nearly always gives. */
function canonicalPattern(scale: number | undefined): RegExp {
  const fraction = scale === undefined ? '(?:\\.\\d*[1-9])?' : scale === 0 ? '' : `\\.\\d{${scale}}`;
  return new RegExp(`^(?!-0(?:\\.0+)?$)-?(?:0|[1-9]\\d*)${fraction}$`);
}

function encode(value: unknown, limits: Limits): string {
  const digits = parseDecimal(plainText(value));
  if (digits === undefined) {
    throw new InvalidValue("expects a decimal number as plain text such as '12.50', got other text");
  }
  assertDigits(digits, limits);
  return formatDecimal(digits, limits.padding);
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    return refuse("a decimal number as text such as '12.50'", value);
  }
  const text = String(value);
  if (text.includes('e')) {
    throw new InvalidValue(
      'expects a decimal number as text, got a number that is written with an exponent; write it as plain text',
    );
  }
  return text;
}

function assertDigits({ whole, fraction }: DecimalDigits, limits: Limits): void {
  if (fraction.length > limits.fraction) {
    throw new InvalidValue(
      `expects at most ${limits.fraction} digits after the decimal point, got ${fraction.length}; round it first`,
    );
  }
  if (whole.length > limits.whole) {
    throw new InvalidValue(`expects at most ${limits.whole} digits before the decimal point, got ${whole.length}`);
  }
}

function readOther(raw: unknown, limits: Limits): Cell {
  if (typeof raw === 'string' && SPECIAL.has(raw)) return raw;
  const digits = parseDecimal(readText(raw));
  return digits === undefined ? unreadable('decimal', 'a decimal number', raw) : formatDecimal(digits, limits.padding);
}

/** SQLite gives numbers where a table of others has a numeric affinity. */
function readText(raw: unknown): string {
  if (typeof raw === 'number') return plainNumberText(raw);
  return typeof raw === 'string' || typeof raw === 'bigint' ? String(raw) : '';
}
