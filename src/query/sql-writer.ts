import type { Cell } from '../schema/cell.js';
import type { DialectName } from '../schema/column-type.js';
import type { ColumnSchema } from '../schema/model-schema.js';

/** Writes one statement: names are quoted, values become parameters, nothing of the user's ends up in the text. */
export class SqlWriter {
  readonly dialect: DialectName;
  readonly parameters: unknown[] = [];

  constructor(dialect: DialectName) {
    this.dialect = dialect;
  }

  /** A table's or column's name, quoted. A dot separates a schema from a table. */
  name(identifier: string): string {
    return quoteName(identifier);
  }

  /** A parameter for a driver's value. */
  parameter(value: unknown): string {
    this.parameters.push(value);
    return this.dialect === 'postgres' ? `$${this.parameters.length}` : '?';
  }

  /** A parameter for a cell of a column. */
  cell(column: ColumnSchema, cell: Cell): string {
    return this.parameter(driverValue(column, cell, this.dialect));
  }

  /** `expression` is one of the cells: one parameter, however many there are, so the text does not depend on the number. */
  isOneOf(expression: string, column: ColumnSchema, cells: readonly Cell[]): string {
    const values = cells.map((cell) => driverValue(column, cell, this.dialect));
    if (this.dialect === 'postgres') return `${expression} = ANY(${this.parameter(values)})`;
    const json = jsonArray(values);
    return json === undefined
      ? `${expression} IN (${values.map((value) => this.parameter(value)).join(', ')})`
      : `${expression} IN (SELECT value FROM json_each(${this.parameter(json)}))`;
  }
}

export function quoteName(identifier: string): string {
  return identifier
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}

/** Driver values as one text that SQLite reads exactly; undefined where it would not. */
export function jsonArray(values: readonly unknown[]): string | undefined {
  return values.every(isKeptByJson) ? `[${values.map(jsonText).join(',')}]` : undefined;
}

/** SQLite reads whole numbers of 64 bits in JSON exactly; fractions it may round, and it has no text for infinities and bytes. */
function isKeptByJson(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'bigint' || Number.isSafeInteger(value);
}

function jsonText(value: unknown): string {
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

function driverValue(column: ColumnSchema, cell: Cell, dialect: DialectName): unknown {
  return cell === null ? null : column.type.toDatabase(cell, dialect);
}
