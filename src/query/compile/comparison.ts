import type { Cell } from '../../schema/cell.js';
import type { DialectName } from '../../schema/column-type.js';
import type { Comparison, Lookup } from '../../schema/condition.js';
import type { ColumnSchema } from '../../schema/model-schema.js';
import { isTextLookup } from '../conditions/lookups.js';
import { jsonLookup } from './json-lookup.js';
import { listParameter } from './list-parameter.js';
import { textLookup } from './text-lookup.js';

/** A comparison in two parts: its text, which is the same for all values of its form, and its values. */
export interface CompiledComparison {
  /** What the text depends on, besides the column and the database. */
  readonly form: string;
  readonly parameters: readonly unknown[];
  /** `parameter` gives the next placeholder, once for each of the parameters, in their order. */
  text(column: string, parameter: () => string): string;
}

const operators: Partial<Record<Lookup, string>> = { exact: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' };

export function compileComparison(comparison: Comparison, dialect: DialectName): CompiledComparison {
  const { column, lookup, cells, json } = comparison;
  if (json) return jsonLookup(json, comparison, dialect);
  if (isTextLookup(lookup)) return textLookup(lookup, String(cells[0]), dialect);
  if (lookup === 'isnull') return isNull(cells[0] === true);
  if (lookup === 'in') return isOneOf(column, cells, dialect);
  return inOrder(comparison, dialect);
}

function isNull(yes: boolean): CompiledComparison {
  const operator = yes ? 'IS NULL' : 'IS NOT NULL';
  return { form: operator, parameters: [], text: (column) => `${column} ${operator}` };
}

function isOneOf(column: ColumnSchema, cells: readonly Cell[], dialect: DialectName): CompiledComparison {
  if (cells.length === 0) return { form: 'none', parameters: [], text: () => 'FALSE' };
  const list = listParameter(column, cells, dialect);
  return {
    form: list.form,
    parameters: [list.parameter],
    text: (name, parameter) => list.text(name, parameter()),
  };
}

function inOrder({ column, lookup, cells }: Comparison, dialect: DialectName): CompiledComparison {
  const parameters = cells.map((cell) => driverValue(column, cell, dialect));
  const order = (expression: string): string =>
    (lookup === 'exact' ? undefined : column.type.orderSql?.(expression, dialect)) ?? expression;
  return {
    form: lookup,
    parameters,
    text: (name, parameter) => {
      const first = order(parameter());
      if (lookup === 'range') return `${order(name)} BETWEEN ${first} AND ${order(parameter())}`;
      return `${order(name)} ${operators[lookup] ?? '='} ${first}`;
    },
  };
}

/** A cell as the driver takes it. */
export function driverValue(column: ColumnSchema, cell: Cell, dialect: DialectName): unknown {
  return cell === null ? null : column.type.toDatabase(cell, dialect);
}
