import { UsageError } from '../errors.js';
import type { Comparison, Condition, RelatedCondition } from '../schema/condition.js';
import type { SqlWriter } from './sql-writer.js';

const operators = { exact: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** The SQL of a condition; its values become parameters. */
export function conditionSql(writer: SqlWriter, condition: Condition): string {
  switch (condition.kind) {
    case 'comparison':
      return comparisonSql(writer, condition);
    case 'and':
      return joined(writer, condition.parts, ' AND ', 'TRUE');
    case 'or':
      return joined(writer, condition.parts, ' OR ', 'FALSE');
    case 'not':
      return `(${conditionSql(writer, condition.part)}) IS NOT TRUE`;
    case 'related':
      return relatedSql(writer, condition);
    case 'inQuery':
      throw new UsageError('conditions on other tables are not compiled yet');
  }
}

function relatedSql(writer: SqlWriter, { relation, condition }: RelatedCondition): string {
  if (relation.kind !== 'manyToMany' || condition?.kind !== 'comparison') {
    throw new UsageError('conditions on other tables are not compiled yet');
  }
  const { model, through, near, far } = relation;
  const key = writer.name(model.primaryKey.name);
  const value = writer.cell(far, condition.cells[0] ?? null);
  return `${key} IN (SELECT ${writer.name(near.name)} FROM ${writer.name(through.table)} WHERE ${writer.name(far.name)} = ${value})`;
}

function joined(writer: SqlWriter, parts: readonly Condition[], operator: string, none: string): string {
  return parts.length === 0 ? none : parts.map((part) => `(${conditionSql(writer, part)})`).join(operator);
}

function comparisonSql(writer: SqlWriter, comparison: Comparison): string {
  const { column, lookup, cells } = comparison;
  const name = writer.name(column.name);
  if (lookup === 'isnull') return cells[0] === true ? `${name} IS NULL` : `${name} IS NOT NULL`;
  if (lookup === 'in') return cells.length === 0 ? 'FALSE' : writer.isOneOf(name, column, cells);
  const order = (expression: string): string =>
    (lookup === 'exact' ? undefined : column.type.orderSql?.(expression, writer.dialect)) ?? expression;
  const [first = null, second = null] = cells;
  if (lookup === 'range') {
    return `${order(name)} BETWEEN ${order(writer.cell(column, first))} AND ${order(writer.cell(column, second))}`;
  }
  return `${order(name)} ${operators[lookup]} ${order(writer.cell(column, first))}`;
}
