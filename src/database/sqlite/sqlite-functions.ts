import { addDecimals, compareDecimals, type ScaledDecimal, scaledDecimal, scaledText } from './scaled-decimal.js';
import type { SqliteDatabase } from './sqlite-driver.js';

const mostPatterns = 100;
const options = { deterministic: true };

/** Adds what SQLite lacks to a connection: Unicode's small letters, regular expressions and exact decimals. */
export function registerFunctions(database: SqliteDatabase): void {
  const patterns = new Map<string, RegExp>();
  database.function('moneyclip_lower', options, (text: unknown) => (isText(text) ? text.toLowerCase() : text));
  database.function('moneyclip_matches', options, (text: unknown, pattern: string) =>
    isText(text) ? Number(compiled(patterns, pattern).test(text)) : null,
  );
  database.function('moneyclip_number', options, (value: unknown) => Number(value));
  aggregate(database, 'moneyclip_sum', addDecimals);
  aggregate(database, 'moneyclip_min', (best, next) => (compareDecimals(next, best) < 0 ? next : best));
  aggregate(database, 'moneyclip_max', (best, next) => (compareDecimals(next, best) > 0 ? next : best));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function compiled(patterns: Map<string, RegExp>, pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known) return known;
  if (patterns.size >= mostPatterns) patterns.clear();
  const made = new RegExp(pattern, 'su');
  patterns.set(pattern, made);
  return made;
}

/** Of decimals as text; nulls do not count, and nothing gives null. */
function aggregate(
  database: SqliteDatabase,
  name: string,
  combine: (left: ScaledDecimal, right: ScaledDecimal) => ScaledDecimal,
): void {
  database.aggregate(name, {
    ...options,
    start: () => null,
    step: (state: ScaledDecimal | null, value: string | number | null) => {
      if (value === null) return state;
      const next = scaledDecimal(value);
      return state ? combine(state, next) : next;
    },
    result: (state: ScaledDecimal | null) => (state ? scaledText(state) : null),
  });
}
