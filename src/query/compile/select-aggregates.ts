import type { ColumnPath, QueryState } from '../../schema/query-state.js';
import type { SqlWriter } from '../sql-writer.js';
import { readExpression } from '../table-sql.js';
import { limitSql, rowsSql } from '../where-sql.js';
import { aggregateOrderSql, aggregateSql } from './aggregate-sql.js';
import { JoinedTables } from './joined-tables.js';
import { inDirection, orderTermSql } from './order.js';
import type { AggregateRead, GroupOrder } from './read.js';

/** The groups' columns and then the aggregates; of the rows within the query's limit, where it has one. */
export function selectAggregates(writer: SqlWriter, state: QueryState, read: AggregateRead): string {
  const sliced = state.limit !== undefined || state.offset !== undefined;
  const tables = new JoinedTables(state.model);
  const columns = [...read.groups, ...read.aggregates.flatMap(({ of }) => (of ? [of] : []))];
  const inner = columns.map((path) => tables.column(path));
  const names = new Map(inner.map((name, index) => [name, sliced ? `"sliced"."${index}"` : name]));
  const name = (path: ColumnPath): string => names.get(tables.column(path)) ?? '';
  const list = [
    ...read.groups.map((path) => readExpression(path.column, name(path), writer.dialect)),
    ...read.aggregates.map((term) => aggregateSql(term, term.of ? name(term.of) : '', writer.dialect)),
  ];
  const order = read.order.map((term) => groupOrderSql(term, read, { name, dialect: writer.dialect }));
  const rows = rowsSql(writer, state, tables);
  const source = inner.map((column, index) => `${column} AS "${index}"`).join(', ') || '1';
  let text = `SELECT ${list.join(', ')}${sliced ? ` FROM (SELECT ${source}${rows}) AS "sliced"` : rows}`;
  if (read.groups.length > 0) text += ` GROUP BY ${read.groups.map(name).join(', ')}`;
  if (order.length > 0) text += ` ORDER BY ${order.join(', ')}`;
  return text + limitSql(writer, read);
}

interface Naming {
  name(path: ColumnPath): string;
  readonly dialect: SqlWriter['dialect'];
}

function groupOrderSql({ by, index, descending }: GroupOrder, read: AggregateRead, { name, dialect }: Naming): string {
  const group = read.groups[index];
  if (by === 'group' && group) return orderTermSql({ ...group, descending }, name(group), dialect);
  const term = read.aggregates[index];
  if (!term) throw new TypeError('an order names a group or an aggregate that there is');
  const expression = aggregateOrderSql(term, term.of ? name(term.of) : '', dialect);
  return inDirection(expression, { descending, nullable: term.function !== 'count' }, dialect);
}
