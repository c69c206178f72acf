import type { Cell } from '../schema/cell.js';
import type { DialectName } from '../schema/column-type.js';
import type { ColumnSchema } from '../schema/model-schema.js';
import { driverValue } from './compile/comparison.js';
import { listParameter } from './compile/list-parameter.js';

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
    const list = listParameter(column, cells, this.dialect);
    return list.text(expression, this.parameter(list.parameter));
  }
}

export function quoteName(identifier: string): string {
  return identifier
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}
