import { cascadedModels } from '../changes/cascade.js';
import type { Statement } from '../database/statement.js';
import type { Cell } from '../schema/cell.js';
import type { DialectName } from '../schema/column-type.js';
import type { ColumnSchema } from '../schema/model-schema.js';
import type { ManyToManyRelation } from '../schema/relations.js';
import { jsonArray } from './compile/list-parameter.js';
import { SqlWriter } from './sql-writer.js';
import { tableSql } from './table-sql.js';
import { write } from './write-sql.js';

/** Links of one row. */
export interface LinksOf {
  readonly relation: ManyToManyRelation;
  /** The key of the row that they belong to. */
  readonly near: Cell;
}

/** Which of its links: those to these rows, all others, or all. */
export type LinkChoice = { readonly kind: 'to' | 'not to'; readonly far: readonly Cell[] } | { readonly kind: 'all' };

/** Inserts links into a link table, and answers those that were not there. The text is the same for any number of them. */
export function insertLinks(links: LinksOf, far: readonly Cell[], dialect: DialectName): Statement {
  const writer = new SqlWriter(dialect);
  return write(writer, links.relation.through, insertLinksSql(writer, links, far));
}

/** NOTE: always in one order, so that writers of the same links wait for each other instead of deadlocking. */
export function insertLinksSql(
  writer: SqlWriter,
  { relation, near }: LinksOf,
  far: readonly Cell[],
  condition = 'TRUE',
): string {
  const { through } = relation;
  const { table, columns } = tableSql(through, writer.dialect);
  const arm = (list: ColumnSchema, own: ColumnSchema): string => {
    const ofNear = typed(writer, own, writer.cell(own, near));
    const values = through.columns.map((column) => (column === list ? 'v.value' : ofNear));
    return `SELECT ${values.join(', ')} FROM ${valueList(writer, list, far)} WHERE ${condition}`;
  };
  const arms = [arm(relation.far, relation.near)];
  if (relation.symmetrical) arms.push(arm(relation.near, relation.far)); // the other way round
  const names = through.columns.map((column) => writer.name(column.name)).join(', ');
  return (
    `INSERT INTO ${table} (${names}) ${arms.join(' UNION ALL ')} ORDER BY 1, 2 ` +
    `ON CONFLICT DO NOTHING RETURNING ${columns}`
  );
}

/** One row for each cell, with a column `value`. */
function valueList(writer: SqlWriter, column: ColumnSchema, cells: readonly Cell[]): string {
  const values = cells.map((cell) => (cell === null ? null : column.type.toDatabase(cell, writer.dialect)));
  if (writer.dialect === 'postgres') {
    return `unnest(CAST(${writer.parameter(values)} AS ${bareType(column)}[])) AS v(value)`;
  }
  const json = jsonArray(values);
  if (json !== undefined) return `json_each(${writer.parameter(json)}) AS v`;
  const rows = values.map((value) => `(${writer.parameter(value)})`).join(', ');
  return `(SELECT column1 AS value FROM (VALUES ${rows})) AS v`;
}

/** Rows of a through model. All name the same columns, the two of the pair among them. */
export interface ThroughRows {
  readonly columns: readonly ColumnSchema[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Inserts rows of a through model that link pairs which are not linked yet, and answers them whole. */
export function insertThroughRows(relation: ManyToManyRelation, given: ThroughRows, dialect: DialectName): Statement {
  const writer = new SqlWriter(dialect);
  return write(writer, relation.through, insertThroughSql(writer, relation, given));
}

export function insertThroughSql(
  writer: SqlWriter,
  { through, near, far }: ManyToManyRelation,
  { columns, rows }: ThroughRows,
  condition = 'TRUE',
): string {
  const { table, columns: all } = tableSql(through, writer.dialect);
  const values = rows.map((row) => {
    const cells = columns.map((column, index) => typed(writer, column, writer.cell(column, row[index] ?? null)));
    return `(${cells.join(', ')})`;
  });
  const given = (column: ColumnSchema): string => `v.column${columns.indexOf(column) + 1}`;
  const same = [near, far].map((column) => `t.${writer.name(column.name)} = ${given(column)}`).join(' AND ');
  const names = columns.map((column) => writer.name(column.name)).join(', ');
  return (
    `INSERT INTO ${table} (${names}) SELECT ${columns.map(given).join(', ')} FROM (VALUES ${values.join(', ')}) AS v ` +
    `WHERE ${condition} AND NOT EXISTS (SELECT 1 FROM ${table} AS t WHERE ${same}) ` +
    `ORDER BY ${given(near)}, ${given(far)} ON CONFLICT DO NOTHING RETURNING ${all}`
  );
}

/** Deletes links and answers them as they were. */
export function deleteLinks(links: LinksOf, choice: LinkChoice, dialect: DialectName): Statement {
  const writer = new SqlWriter(dialect);
  const { through } = links.relation;
  const text = deleteLinksSql(writer, links, choice);
  const cascades = [through.table, ...cascadedModels(through).map(({ model }) => model.table)];
  return { ...write(writer, through, text), cascades };
}

export function deleteLinksSql(writer: SqlWriter, links: LinksOf, choice: LinkChoice, condition?: string): string {
  const { table, columns } = tableSql(links.relation.through, writer.dialect);
  const chosen = linksSql(writer, links, choice);
  const where = condition === undefined ? chosen : `${condition} AND (${chosen})`;
  return `DELETE FROM ${table} WHERE ${where} RETURNING ${columns}`;
}

/** Reads links under their locks. */
export function lockLinks(links: LinksOf, choice: LinkChoice, dialect: DialectName): Statement {
  const writer = new SqlWriter(dialect);
  const { table, columns } = tableSql(links.relation.through, dialect);
  const lock = dialect === 'postgres' ? ' FOR UPDATE' : '';
  const text = `SELECT ${columns} FROM ${table} WHERE ${linksSql(writer, links, choice)}${lock}`;
  return { ...write(writer, links.relation.through, text), writes: false };
}

/** Locks the row that links belong to, against others who set its links; the links of it may come and go. */
export function lockOwner(links: LinksOf, dialect: DialectName): Statement {
  const writer = new SqlWriter(dialect);
  return { ...write(writer, links.relation.model, lockOwnerSql(writer, links)), writes: false };
}

export function lockOwnerSql(writer: SqlWriter, { relation: { model }, near }: LinksOf): string {
  const { table } = tableSql(model, writer.dialect);
  const key = `${writer.name(model.primaryKey.name)} = ${writer.cell(model.primaryKey, near)}`;
  return `SELECT 1 FROM ${table} WHERE ${key} FOR NO KEY UPDATE`;
}

function linksSql(writer: SqlWriter, { relation, near }: LinksOf, choice: LinkChoice): string {
  const direction = (here: ColumnSchema, there: ColumnSchema): string => {
    const own = `${writer.name(here.name)} = ${writer.cell(here, near)}`;
    if (choice.kind === 'all') return own;
    const chosen = writer.isOneOf(writer.name(there.name), there, choice.far);
    return `${own} AND ${choice.kind === 'to' ? chosen : `NOT (${chosen})`}`;
  };
  const forward = direction(relation.near, relation.far);
  return relation.symmetrical ? `(${forward}) OR (${direction(relation.far, relation.near)})` : forward;
}

/** A parameter where PostgreSQL cannot tell its type from where it stands. */
function typed(writer: SqlWriter, column: ColumnSchema, parameter: string): string {
  return writer.dialect === 'postgres' ? `CAST(${parameter} AS ${bareType(column)})` : parameter;
}

/** NOTE: without a length or precision; a cast would cut off what an insert refuses. */
function bareType(column: ColumnSchema): string {
  return column.type.sqlType('postgres').replaceAll(/\([\d, ]*\)/g, '');
}
