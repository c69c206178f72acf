import type { Cell } from '../../schema/cell.js';
import type { DialectName } from '../../schema/column-type.js';
import type { Comparison, Lookup } from '../../schema/condition.js';
import type { CompiledComparison } from './comparison.js';

/** How many parameters the text takes in what order: the path each time it is named, and values. */
type Text = (column: string, parameter: () => string) => string;

const operators: Partial<Record<Lookup, string>> = { gt: '>', gte: '>=', lt: '<', lte: '<=' };

/**
 * Compares a value inside JSON: equal are texts, numbers and booleans of the same kind; in order are texts by their
 * characters and numbers. What is of another kind, or not there, is not true; a null in JSON is null.
 */
export function jsonLookup(path: readonly string[], comparison: Comparison, dialect: DialectName): CompiledComparison {
  return dialect === 'postgres' ? onPostgres(path, comparison) : onSqlite(path, comparison);
}

function onPostgres(path: readonly string[], { lookup, cells }: Comparison): CompiledComparison {
  const value = (column: string, parameter: () => string): string => `${column} #> ${parameter()}::text[]`;
  if (lookup === 'isnull') {
    const operator = cells[0] === true ? 'IS NULL' : 'IS NOT NULL';
    return compiled(`json ${operator}`, [path], (column, next) => `(${column} #>> ${next()}::text[]) ${operator}`);
  }
  if (lookup === 'exact' || lookup === 'in') {
    if (cells.length === 0) return compiled('none', [], () => 'FALSE');
    const text: Text = (column, next) => `(${value(column, next)}) = ANY(${next()}::jsonb[])`;
    return compiled('json in', [path, cells.map((cell) => JSON.stringify(cell))], text);
  }
  return inOrder(cells, lookup, {
    path,
    kind: (kind) => (column, next) => `jsonb_typeof(${value(column, next)}) = '${kind}'`,
    side: (kind) => (column, next) =>
      kind === 'number' ? `(${value(column, next)})` : `(${column} #>> ${next()}::text[]) COLLATE "C"`,
    operand: (kind) => (next) => (kind === 'number' ? `${next()}::jsonb` : next()),
    encode: (cell) => (typeof cell === 'number' ? JSON.stringify(cell) : cell),
  });
}

function onSqlite(names: readonly string[], { lookup, cells }: Comparison): CompiledComparison {
  const path = `$${names.map((name) => `."${name}"`).join('')}`;
  if (lookup === 'isnull') {
    const operator = cells[0] === true ? 'IS NULL' : 'IS NOT NULL';
    return compiled(`json ${operator}`, [path], (column, next) => `json_extract(${column}, ${next()}) ${operator}`);
  }
  if (lookup === 'exact' || lookup === 'in') {
    if (cells.length === 0) return compiled('none', [], () => 'FALSE');
    return compiled('json in', [JSON.stringify(cells), path, path], isAmongSqlite);
  }
  return inOrder(cells, lookup, {
    path,
    kind: (kind) => (column, next) =>
      `json_type(${column}, ${next()}) ${kind === 'number' ? "IN ('integer', 'real')" : "= 'text'"}`,
    side: () => (column, next) => `json_extract(${column}, ${next()})`,
    operand: () => (next) => `json_extract(${next()}, '$')`,
    encode: (cell) => JSON.stringify(cell),
  });
}

/** NOTE: the values are JSON too, so that SQLite reads a fraction on both sides alike. */
const isAmongSqlite: Text = (column, next) => {
  const kind = (type: string): string => `replace(${type}, 'real', 'integer')`;
  const list = `json_each(${next()}) AS "one"`;
  const value = `json_extract(${column}, ${next()})`;
  return `EXISTS (SELECT 1 FROM ${list} WHERE "one".value = ${value} AND ${kind('"one".type')} = ${kind(`json_type(${column}, ${next()})`)})`;
};

interface OrderedParts {
  readonly path: unknown;
  kind(kind: 'number' | 'string'): Text;
  side(kind: 'number' | 'string'): Text;
  operand(kind: 'number' | 'string'): (next: () => string) => string;
  encode(cell: Cell): unknown;
}

/** NOTE: CASE, since nothing else keeps a database from comparing what is of another kind. */
function inOrder(cells: readonly Cell[], lookup: Lookup, parts: OrderedParts): CompiledComparison {
  const kind = typeof cells[0] === 'number' ? 'number' : 'string';
  const compare: Text = (column, next) => {
    const side = parts.side(kind)(column, next);
    const operand = parts.operand(kind);
    return lookup === 'range'
      ? `${side} BETWEEN ${operand(next)} AND ${operand(next)}`
      : `${side} ${operators[lookup] ?? '='} ${operand(next)}`;
  };
  const text: Text = (column, next) => `CASE WHEN ${parts.kind(kind)(column, next)} THEN ${compare(column, next)} END`;
  return compiled(`json ${lookup} ${kind}`, [parts.path, parts.path, ...cells.map(parts.encode)], text);
}

function compiled(form: string, parameters: readonly unknown[], text: Text): CompiledComparison {
  return { form, parameters, text };
}
