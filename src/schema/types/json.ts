import { RecentMap } from '../../support/recent-map.js';
import type { ColumnType } from '../column-type.js';
import { assertJson, canonicalJson } from './json-text.js';
import { isSameJson } from './same-json.js';
import { unreadable } from './refusal.js';

/**
 * Any JSON value; each read gives a fresh one. The order of keys is not kept (jsonb does not either): keys come back
 * sorted, on both databases. Properties that are undefined are left out. A JSON null at the top is SQL's null.
 */
export const jsonType: ColumnType = {
  name: 'json',
  signature: 'json',
  // Not canonical: on SQLite rows of others may have other spaces and another order of keys.
  canonicalEquality: false,
  sqlType: (dialect) => (dialect === 'sqlite' ? 'text' : 'jsonb'),
  encode(value) {
    assertJson(value);
    return canonicalJson(value);
  },
  decode: (cell): unknown => JSON.parse(String(cell)),
  isCostly: true,
  isValueOf: (value, cell) => isSameJson(value, JSON.parse(String(cell))),
  toDatabase: (cell) => cell,
  fromDatabase: (raw) => (typeof raw === 'string' ? cellOfText(raw) : cellOf(raw)),
  // As text, so that a parser that an application gave to pg has no say.
  selectSql: (column, dialect) => (dialect === 'sqlite' ? undefined : `${column}::text`),
};

const longestKnown = 256;
/** The cells of short texts that were read lately: the same few come again and again, and so does that of a row that is saved. */
const cells = new RecentMap<string, string>(1_000);

function cellOfText(raw: string): string | null {
  const known = raw.length <= longestKnown ? cells.get(raw) : undefined;
  if (known !== undefined) return known;
  const cell = cellOf(parse(raw));
  if (cell !== null && raw.length <= longestKnown) cells.set(raw, cell);
  return cell;
}

function cellOf(value: unknown): string | null {
  return value === null ? null : canonicalJson(value);
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return unreadable('json', 'JSON', raw);
  }
}
