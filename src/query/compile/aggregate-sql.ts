import { DatabaseError } from '../../errors.js';
import type { Cell } from '../../schema/cell.js';
import type { ColumnType, DialectName } from '../../schema/column-type.js';
import type { ColumnPath } from '../../schema/query-state.js';
import { decimalType } from '../../schema/types/decimal.js';
import { floatType } from '../../schema/types/float.js';

export type AggregateFunction = 'count' | 'sum' | 'avg' | 'min' | 'max';

/** One aggregate of a query, its column found already; a count of rows has none. */
export interface AggregateTerm {
  readonly name: string;
  readonly function: AggregateFunction;
  readonly of: ColumnPath | undefined;
  readonly distinct: boolean;
}

/** Exact forms of an aggregate on SQLite, which has neither decimals nor sums beyond 64 bits of its own. */
const exactOnSqlite = { sum: 'moneyclip_sum', min: 'moneyclip_min', max: 'moneyclip_max' } as const;

/** What reads an aggregate exactly; `column` is the column's name in the statement. */
export function aggregateSql(term: AggregateTerm, column: string, dialect: DialectName): string {
  const { function: name, of, distinct } = term;
  if (!of) return 'count(*)';
  if (name === 'count') return `count(${distinct ? 'DISTINCT ' : ''}${column})`;
  if (name === 'avg') return dialect === 'postgres' ? `avg(${column})::float8` : `avg(CAST(${column} AS real))`;
  const { type } = of.column;
  const read = (expression: string): string => type.selectSql?.(expression, dialect) ?? expression;
  if (dialect === 'sqlite' && isExactText(term)) return `${exactOnSqlite[name]}(${read(column)})`;
  if (name !== 'sum') return read(`${name}(${column})`);
  return type.name === 'float' ? `sum(${column})` : `CAST(sum(${column}) AS text)`;
}

/** What an aggregate is ordered by. */
export function aggregateOrderSql(term: AggregateTerm, column: string, dialect: DialectName): string {
  const { function: name, of } = term;
  if (!of || name === 'count' || name === 'avg') return aggregateSql(term, column, dialect);
  if (dialect === 'sqlite' && isExactText(term)) return `CAST(${aggregateSql(term, column, dialect)} AS real)`;
  return `${name}(${of.column.type.orderSql?.(column, dialect) ?? column})`;
}

/** Numbers that SQLite would round: decimals, which are text there, and sums of whole numbers of 64 bits. */
function isExactText({ function: name, of }: AggregateTerm): boolean {
  const type = of?.column.type;
  return type?.orderSql?.('', 'sqlite') !== undefined || (type?.name === 'bigint' && name === 'sum');
}

/** What the driver read, as a cell. */
export function aggregateCell(term: AggregateTerm, raw: unknown, dialect: DialectName): Cell {
  if (raw === null || raw === undefined) return null;
  if (term.function === 'count') return Number(raw);
  return cellTypeOf(term).fromDatabase(raw, dialect);
}

/** The value of a cell; null of no rows. */
export function aggregateValue(term: AggregateTerm, cell: Cell): unknown {
  if (cell === null || term.function === 'count') return cell;
  if (!isWholeSum(term)) return cellTypeOf(term).decode?.(cell) ?? cell;
  if (term.of?.column.type.name === 'bigint') return BigInt(String(cell));
  if (Number.isSafeInteger(Number(cell))) return Number(cell);
  throw new DatabaseError(
    `the sum of '${term.of?.column.property}' is larger than a JavaScript number holds exactly; make it a bigint column`,
  );
}

/** Sums of whole numbers may be larger than their columns' types: they go through decimals. */
const wholeSum = decimalType({}, 'a sum');

function cellTypeOf(term: AggregateTerm): ColumnType {
  if (!term.of || term.function === 'avg') return floatType;
  return isWholeSum(term) ? wholeSum : term.of.column.type;
}

function isWholeSum({ function: name, of }: AggregateTerm): boolean {
  return name === 'sum' && (of?.column.type.name === 'integer' || of?.column.type.name === 'bigint');
}
