import type { Condition, RelatedCondition, SubqueryCondition } from '../schema/condition.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import type { GroupSlice, QueryState } from '../schema/query-state.js';
import type { ManyToManyRelation } from '../schema/relations.js';
import { compileComparison } from './compile/comparison.js';
import { withoutIdleOrder } from './compile/asked.js';
import { placesOf } from './compile/group-slice.js';
import { JoinedTables } from './compile/joined-tables.js';
import { orderTermSql } from './compile/order.js';
import { quoteName, type SqlWriter } from './sql-writer.js';

/** How many conditions stand side by side without parentheses around halves of them. */
const mostSideBySide = 100;

/** The SQL of a condition on the rows of a model, which the statement calls by its table's name; values become parameters. */
function conditionSql(writer: SqlWriter, model: ModelSchema, condition: Condition): string {
  const inner = (part: Condition): string => conditionSql(writer, model, part);
  switch (condition.kind) {
    case 'comparison': {
      const { parameters, text } = compileComparison(condition, writer.dialect);
      const values = parameters.values();
      return text(nameOf(model, condition.column), () => writer.parameter(values.next().value));
    }
    case 'and':
      return joined(condition.parts.map(inner), ' AND ', 'TRUE');
    case 'or':
      return joined(condition.parts.map(inner), ' OR ', 'FALSE');
    case 'not':
      return `(${inner(condition.part)}) IS NOT TRUE`;
    case 'related':
      return relatedSql(writer, condition);
    case 'inQuery':
      return inQuerySql(writer, model, condition);
  }
}

/** Everything of a query from FROM on, with the tables that its list and order name. */
export function rowsSql(writer: SqlWriter, state: QueryState, tables = new JoinedTables(state.model)): string {
  const { model, condition } = state;
  // NOTE: the order first, since it may join tables
  const order = state.order.map((term) => orderTermSql(term, tables.column(term), writer.dialect));
  let text = ` FROM ${tables.sql}`;
  const where = state.slice
    ? sliceSql(writer, state, state.slice)
    : condition && conditionSql(writer, model, condition);
  if (where) text += ` WHERE ${where}`;
  if (order.length > 0) text += ` ORDER BY ${order.join(', ')}`;
  return text + limitSql(writer, state);
}

/** The rows by their keys, chosen by a window over all that the condition lets in: both databases have those. */
function sliceSql(writer: SqlWriter, { model, condition, order }: QueryState, slice: GroupSlice): string {
  const tables = new JoinedTables(model);
  const terms = order.map((term) => orderTermSql(term, tables.column(term), writer.dialect));
  const group = tables.column({ path: [], column: slice.by });
  // NOTE: not ROW_NUMBER, which would count a row twice that two links lead to
  const place = `DENSE_RANK() OVER (PARTITION BY ${group} ORDER BY ${terms.join(', ')})`;
  const keys = slice.keys.map((column) => nameOf(model, column));
  const names = keys.map((_, index) => `"key ${index}"`).join(', ');
  const list = keys.map((key, index) => `${key} AS "key ${index}"`).join(', ');
  const where = condition ? ` WHERE ${conditionSql(writer, model, condition)}` : '';
  const ranked = `SELECT ${list}, ${place} AS "place" FROM ${tables.sql}${where}`;
  const [after = 0, last] = placesOf(slice);
  const places = [`"place" > ${writer.parameter(after)}`];
  if (last !== undefined) places.push(`"place" <= ${writer.parameter(last)}`);
  return `(${keys.join(', ')}) IN (SELECT ${names} FROM (${ranked}) AS "ranked" WHERE ${places.join(' AND ')})`;
}

export function limitSql(writer: SqlWriter, { limit, offset }: Pick<QueryState, 'limit' | 'offset'>): string {
  if (limit === undefined && offset === undefined) return '';
  const everything = writer.dialect === 'sqlite' ? ' LIMIT -1' : '';
  const limited = limit === undefined ? everything : ` LIMIT ${writer.parameter(limit)}`;
  return offset === undefined ? limited : `${limited} OFFSET ${writer.parameter(offset)}`;
}

function nameOf({ table }: ModelSchema, column: { readonly name: string }): string {
  return `${quoteName(table)}.${quoteName(column.name)}`;
}

function joined(parts: readonly string[], operator: string, none: string): string {
  if (parts.length === 0) return none;
  if (parts.length <= mostSideBySide) return parts.map((part) => `(${part})`).join(operator);
  // NOTE: SQLite nests `a OR b OR c` one deeper for each, and takes no more than 1,000; halves are not deep
  const middle = Math.ceil(parts.length / 2);
  const halves = [parts.slice(0, middle), parts.slice(middle)];
  return halves.map((half) => `(${joined(half, operator, none)})`).join(operator);
}

/** NOTE: a list of keys, never a join: a row is found once, however many related rows there are. */
function relatedSql(writer: SqlWriter, { relation, condition }: RelatedCondition): string {
  const { model, target } = relation;
  if (relation.kind === 'toOne') {
    const keys = keysSql(writer, { model: target, column: target.primaryKey, condition });
    return `${nameOf(model, relation.column)} IN (${keys})`;
  }
  const key = nameOf(model, model.primaryKey);
  if (relation.kind === 'toMany') {
    return `${key} IN (${keysSql(writer, { model: target, column: relation.column, condition })})`;
  }
  return `${key} IN (${linkedSql(writer, relation, condition)})`;
}

/** NOTE: what is said of the key of the row over there, the links know by themselves. */
function linkedSql(writer: SqlWriter, relation: ManyToManyRelation, condition: Condition | undefined): string {
  const { target, through, near, far } = relation;
  const keys = { model: through, column: near };
  if (condition?.kind === 'comparison' && condition.column === target.primaryKey) {
    return keysSql(writer, { ...keys, condition: { ...condition, column: far } });
  }
  const link: Condition | undefined = condition && {
    kind: 'inQuery',
    column: far,
    query: { model: target, condition, order: [], limit: undefined, offset: undefined },
    selected: target.primaryKey,
  };
  return keysSql(writer, { ...keys, condition: link });
}

interface Keys {
  readonly model: ModelSchema;
  readonly column: ColumnSchema;
  readonly condition: Condition | undefined;
}

function keysSql(writer: SqlWriter, { model, column, condition }: Keys): string {
  const name = nameOf(model, column);
  const conditions = [
    column.nullable ? `${name} IS NOT NULL` : undefined,
    condition && conditionSql(writer, model, condition),
  ];
  return `SELECT ${name} FROM ${quoteName(model.table)}${whereSql(conditions)}`;
}

function whereSql(conditions: readonly (string | undefined)[]): string {
  const parts = conditions.filter((condition) => condition !== undefined);
  return parts.length === 0 ? '' : ` WHERE ${joined(parts, ' AND ', '')}`;
}

function inQuerySql(writer: SqlWriter, model: ModelSchema, { column, query, selected }: SubqueryCondition): string {
  const rows = rowsSql(writer, withoutIdleOrder(query));
  return `${nameOf(model, column)} IN (SELECT ${nameOf(query.model, selected)}${rows})`;
}
