import type { Cell } from '../cell.js';
import type { ColumnType, ColumnTypeOptions, DialectName } from '../column-type.js';
import { InvalidValue } from '../column-type.js';
import { UsageError } from '../../errors.js';
import { refuse, unreadable } from './refusal.js';

/**
 * How the elements of each type are read on PostgreSQL. `cast`: all at once as text, which keeps numbers above 2^53.
 * `each`: one by one as the type itself reads them, because their text follows the session's DateStyle and TimeZone.
 */
const READING: ReadonlyMap<string, 'cast' | 'each'> = new Map([
  ['integer', 'cast'],
  ['bigint', 'cast'],
  ['float', 'cast'],
  ['decimal', 'cast'],
  ['boolean', 'cast'],
  ['string', 'cast'],
  ['text', 'cast'],
  ['uuid', 'cast'],
  ['enum', 'cast'],
  ['time', 'cast'],
  ['date', 'each'],
  ['datetime', 'each'],
]);

/** Lists of one element type, with nulls in them, of one dimension. A cell is the JSON text of the elements' cells. */
export function arrayType({ of }: ColumnTypeOptions, where: string): ColumnType {
  const element = elementOf(of, where);
  return {
    name: 'array',
    signature: `array:${element.signature}`,
    // Not canonical: its elements may not be, and SQLite compares the text of the whole list.
    canonicalEquality: false,
    sqlType: (dialect) => (dialect === 'sqlite' ? 'text' : `${element.sqlType(dialect)}[]`),
    encode: (value) => encode(value, element),
    decode: (cell) => decode(cell, element),
    isCostly: true,
    toDatabase: (cell, dialect) => (dialect === 'sqlite' ? cell : arrayLiteral(cells(cell), element)),
    fromDatabase: (raw, dialect) =>
      JSON.stringify(eachElement(parse(raw), (item) => element.fromDatabase(item, dialect))),
    selectSql: (column, dialect) => (dialect === 'sqlite' ? undefined : readSql(column, element)),
  };
}

/** Reads an array as JSON, which has one form under all settings and that no parser in pg has a say in. */
function readSql(column: string, element: ColumnType): string {
  if (READING.get(element.name) === 'cast') return `array_to_json(${column}::text[])::text`;
  const item = element.selectSql?.('item.value', 'postgres') ?? 'item.value';
  const items = `select ${item} from unnest(${column}) with ordinality as item(value, place) order by item.place`;
  // NOTE: unnest would flatten what has more dimensions; as nested JSON it is refused.
  return `case array_ndims(${column}) when 1 then array_to_json(array(${items})) else array_to_json(${column}) end::text`;
}

function elementOf(of: ColumnType | undefined, where: string): ColumnType {
  if (of === undefined) {
    throw new UsageError(
      `${where}: an array needs the type of its elements. Write for example type: 'array', of: 'integer'.`,
    );
  }
  if (READING.has(of.name)) return of;
  throw new UsageError(
    `${where}: an array cannot hold elements of type '${of.name}'. Write type: 'json', or of: one of ${[...READING.keys()].join(', ')}.`,
  );
}

function encode(value: unknown, element: ColumnType): string {
  if (!Array.isArray(value)) return refuse('an array', value);
  return JSON.stringify(
    Array.from(value, (item: unknown, index) => (item === null ? null : encodeElement(item, index, element))),
  );
}

function encodeElement(item: unknown, index: number, element: ColumnType): Cell {
  if (item === undefined) throw new InvalidValue(`at [${index}] is undefined; write null`);
  try {
    return element.encode(item);
  } catch (error) {
    throw error instanceof InvalidValue ? new InvalidValue(`at [${index}] ${error.message}`) : error;
  }
}

function decode(cell: Cell, element: ColumnType): unknown[] {
  const items = cells(cell);
  return element.decode === undefined ? items : eachElement(items, element.decode);
}

/** The elements' cells, which is what the JSON of an array's cell holds. */
function cells(cell: Cell): Cell[] {
  return JSON.parse(String(cell)) as Cell[];
}

function eachElement<From, To>(items: readonly (From | null)[], convert: (item: From) => To): (To | null)[] {
  return items.map((item) => (item === null ? null : convert(item)));
}

/** PostgreSQL's own text form of an array; quotes around every element spare all questions of what needs them. */
function arrayLiteral(items: readonly Cell[], element: ColumnType): string {
  const texts = eachElement(
    items,
    (item) => `"${String(element.toDatabase(item, 'postgres' satisfies DialectName)).replace(/[\\"]/g, '\\$&')}"`,
  );
  return `{${texts.map((text) => text ?? 'NULL').join(',')}}`;
}

function parse(raw: unknown): unknown[] {
  const value = typeof raw === 'string' ? tryParse(raw) : undefined;
  return Array.isArray(value) ? value : unreadable('array', 'a JSON array', raw);
}

function tryParse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}
