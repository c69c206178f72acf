import { UsageError } from '../errors.js';
import type { DialectName } from '../schema/column-type.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { describeValue } from '../schema/types/describe-value.js';
import { checkValue, columnOf } from '../schema/values.js';
import type { Term } from './expression.js';
import type { SqlWriter } from './sql-writer.js';

/** What is computed with: the widest type of a family, so that only a result can be out of range, on both databases alike. */
type Family = 'whole' | 'float' | 'decimal';

const families: Readonly<Partial<Record<string, Family>>> = {
  integer: 'whole',
  bigint: 'whole',
  float: 'float',
  decimal: 'decimal',
};
const castOfFamily = { whole: 'bigint', float: 'double precision', decimal: 'numeric' } as const;
const takes = { whole: 'whole numbers', float: 'numbers', decimal: "numbers, or decimals as text such as '1.50'" };
const rangeOf: Readonly<Partial<Record<string, readonly [string, string]>>> = {
  integer: ['-2147483648', '2147483647'],
  bigint: ['-9223372036854775807 - 1', '9223372036854775807'],
};

/** Throws UsageError for an expression that cannot be what a column gets. */
export function assertExpression(model: ModelSchema, target: ColumnSchema, term: Term): void {
  if (term.kind !== 'arithmetic') {
    assertLeaf(model, target, term);
    return;
  }
  if (!families[target.type.name]) {
    throw new UsageError(
      `${model.label}: '${target.property}' cannot be computed with, since it is a ${target.type.name} column; ` +
        'arithmetic is for integer, bigint, float and decimal',
    );
  }
  assertExpression(model, target, term.left);
  assertExpression(model, target, term.right);
}

function assertLeaf(model: ModelSchema, target: ColumnSchema, term: Exclude<Term, { kind: 'arithmetic' }>): void {
  const family = families[target.type.name];
  if (term.kind === 'column') {
    const source = columnOf(model, term.name);
    if (kindOf(source) === kindOf(target)) return;
    const from = families[source.type.name];
    if (family && from && (from === family || from === 'whole')) return;
    throw new UsageError(
      `${model.label}: '${target.property}' is ${aColumn(target)} and cannot get the value of '${term.name}', which is ${source.type.name}`,
    );
  }
  if (family && isNumberOf(family, term.value)) return;
  throw new UsageError(
    `${model.label}: '${target.property}' is ${aColumn(target)} and is computed with ` +
      `${takes[family ?? 'float']}; got ${describeNumber(term.value)}`,
  );
}

/** Both kinds of text are one; how long it may be is looked at once it is stored. */
function kindOf({ type: { signature } }: ColumnSchema): string {
  return signature === 'string' ? 'text' : signature;
}

function isNumberOf(family: Family, value: unknown): boolean {
  switch (family) {
    case 'whole':
      return typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value);
    case 'float':
      return typeof value === 'bigint' || Number.isFinite(value);
    case 'decimal':
      return typeof value === 'string' ? /^-?\d+(\.\d+)?$/.test(value) : isNumberOf('float', value);
  }
}

function aColumn({ type: { name } }: ColumnSchema): string {
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name} column`;
}

function describeNumber(value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value)) {
    return Number.isInteger(value) ? 'one that is not a safe integer' : 'one with a fraction';
  }
  return typeof value === 'bigint' ? 'one of more than 64 bits' : describeValue(value);
}

/** The SQL of an expression that `assertExpression` has let pass. */
export function expressionSql(writer: SqlWriter, model: ModelSchema, target: ColumnSchema, term: Term): string {
  const family = families[target.type.name];
  if (!family) return leafSql(writer, model, term, undefined);
  if (writer.dialect === 'postgres') return termSql(writer, model, term, family);
  if (family === 'decimal' && term.kind === 'arithmetic') {
    throw new UsageError(
      `${model.label}: '${target.property}' is a decimal column, which SQLite cannot compute with exactly; read the rows and save them`,
    );
  }
  return checkedSql(termSql(writer, model, term, family), target);
}

function termSql(writer: SqlWriter, model: ModelSchema, term: Term, family: Family): string {
  if (term.kind !== 'arithmetic') return leafSql(writer, model, term, family);
  const left = termSql(writer, model, term.left, family);
  return `(${left} ${term.operator} ${termSql(writer, model, term.right, family)})`;
}

function leafSql(writer: SqlWriter, model: ModelSchema, term: Term, family: Family | undefined): string {
  if (term.kind === 'column') {
    const source = columnOf(model, term.name);
    const name = `${writer.name(model.table)}.${writer.name(source.name)}`;
    return cast(name, family, writer.dialect);
  }
  const value = term.kind === 'value' ? term.value : undefined;
  return cast(writer.parameter(numberParameter(value, family, writer.dialect)), family, writer.dialect);
}

function cast(expression: string, family: Family | undefined, dialect: DialectName): string {
  if (family === undefined) return expression;
  if (dialect === 'postgres') return `${expression}::${castOfFamily[family]}`;
  return family === 'float' ? `CAST(${expression} AS REAL)` : expression;
}

/** NOTE: better-sqlite3 binds numbers as fractions, and dividing by one would keep the fraction; a BigInt is whole. */
function numberParameter(value: unknown, family: Family | undefined, dialect: DialectName): unknown {
  if (dialect === 'postgres') return String(value);
  return family === 'whole' ? BigInt(value as number | bigint) : Number(value); // as assertExpression found it
}

/**
 * SQLite stores what a column's type does not hold; this makes it refuse that like PostgreSQL, by an overflow.
 *
 * NOTE: the failing term depends on the result, else SQLite would compute it once, ahead, and always fail.
 */
function checkedSql(expression: string, target: ColumnSchema): string {
  const fails = 'abs(CAST(result IS NULL AS INTEGER) - 9223372036854775807 - 1)';
  const [least, most] = rangeOf[target.type.name] ?? [];
  const holds =
    least === undefined
      ? 'abs(result) <= 1.7976931348623157e308'
      : `(typeof(result) = 'integer' AND result BETWEEN ${least} AND ${most})`;
  return `(SELECT CASE WHEN result IS NULL OR ${holds} THEN result ELSE ${fails} END FROM (SELECT ${expression} AS result))`;
}

/** Whether the result has to be looked at after it was stored: neither the database nor the expression's types vouch for it. */
export function needsLook({ type, validate }: ColumnSchema): boolean {
  return validate !== undefined || !families[type.name];
}

/** What is wrong with the result of an expression; undefined where nothing is. */
export function issueOfResult(model: ModelSchema, column: ColumnSchema, value: unknown): string | undefined {
  if (value === null) return undefined;
  const checked = checkValue(model, column, value);
  return 'issue' in checked ? checked.issue : undefined;
}
