import type { Cell } from '../../schema/cell.js';
import type { DialectName } from '../../schema/column-type.js';
import type { ColumnSchema } from '../../schema/model-schema.js';

/** Any number of values as one parameter, so that the text does not depend on how many there are. */
export interface ListParameter {
  readonly form: string;
  readonly parameter: unknown;
  /** `expression` is one of the values. */
  text(expression: string, placeholder: string): string;
}

/** NOTE: SQLite reads whole numbers in JSON exactly, but may round fractions, and JSON has no infinities and no bytes. */
const sqliteForms = {
  plain: 'value',
  numbers: 'moneyclip_number(value)',
  bytes: 'unhex(value)',
} as const;

export function listParameter(column: ColumnSchema, cells: readonly Cell[], dialect: DialectName): ListParameter {
  const values = cells.map((cell) => (cell === null ? null : column.type.toDatabase(cell, dialect)));
  if (dialect === 'postgres') {
    return { form: 'any', parameter: values, text: (expression, list) => `${expression} = ANY(${list})` };
  }
  const form = formOf(values);
  return {
    form,
    parameter: `[${values.map(jsonText).join(',')}]`,
    text: (expression, list) => `${expression} IN (SELECT ${sqliteForms[form]} FROM json_each(${list}))`,
  };
}

/** Driver values as one text whose `value`s SQLite reads exactly; undefined where it would not. */
export function jsonArray(values: readonly unknown[]): string | undefined {
  return formOf(values) === 'plain' ? `[${values.map(jsonText).join(',')}]` : undefined;
}

function formOf(values: readonly unknown[]): keyof typeof sqliteForms {
  if (values.every(isKeptByJson)) return 'plain';
  return values.every((value) => typeof value === 'number') ? 'numbers' : 'bytes';
}

function isKeptByJson(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'bigint' || Number.isSafeInteger(value);
}

function jsonText(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('hex')}"`;
  return typeof value === 'number' && !Number.isSafeInteger(value) ? `"${value}"` : JSON.stringify(value);
}
