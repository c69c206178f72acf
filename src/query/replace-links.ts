import type { Statement } from '../database/statement.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';
import {
  deleteLinksSql,
  insertLinksSql,
  insertThroughSql,
  lockOwnerSql,
  type LinksOf,
  type ThroughRows,
} from './link-sql.js';
import { columnNames } from './matching-sql.js';
import { SqlWriter } from './sql-writer.js';
import { tableSql } from './table-sql.js';
import { write } from './write-sql.js';

const owner = '"moneyclip_owner"';
const gone = '"moneyclip_gone"';
const made = '"moneyclip_made"';
const changed = '"moneyclip_changed"';

/**
 * PostgreSQL: makes a row's links lead to exactly these rows, `through` with the rows of the through model for them.
 * `linksReplaced` tells what it did. It does nothing where somebody else has the lock on the row that the links belong
 * to: after a wait it would not see what that one linked.
 *
 * NOTE: links are made after all others were taken away, which the database promises only where one asks for the other:
 * the counts do. Else a link could meet a unique value of one that is to go.
 */
export function replaceLinks(links: LinksOf, far: readonly Cell[], through: ThroughRows | undefined): Statement {
  const writer = new SqlWriter('postgres');
  const { relation } = links;
  const model = relation.through;
  const locked = `(SELECT COUNT(*) FROM ${owner}) = 1`;
  const afterwards = `${locked} AND (SELECT COUNT(*) FROM ${gone}) >= 0`;
  const lock = `${lockOwnerSql(writer, links)} SKIP LOCKED`;
  const remove = deleteLinksSql(writer, links, { kind: 'not to', far }, locked);
  const insert = through
    ? insertThroughSql(writer, relation, through, afterwards)
    : insertLinksSql(writer, links, far, afterwards);
  const names = columnNames(model, 'new');
  return write(
    writer,
    model,
    `WITH ${owner} AS (${lock}), ${gone} (${names}) AS (${remove}), ${made} (${names}) AS (${insert}) ` +
      `SELECT (SELECT COUNT(*) FROM ${owner}), ${changed}.* FROM (SELECT 1) AS "moneyclip_one" LEFT JOIN ` +
      `(SELECT 0 AS "moneyclip_is_new", ${gone}.* FROM ${gone} UNION ALL SELECT 1, ${made}.* FROM ${made}) AS ${changed} ON TRUE`,
  );
}

/** What setting the links of a row did. */
export interface ReplacedLinks {
  readonly gone: readonly Row[];
  readonly made: readonly Row[];
}

/** What a statement of `replaceLinks` answers; undefined where it did nothing. */
export function linksReplaced(model: ModelSchema, rows: readonly (readonly unknown[])[]): ReplacedLinks | undefined {
  if (Number(rows[0]?.[0]) !== 1) return undefined;
  const { toRow } = tableSql(model, 'postgres');
  const of = (isNew: number): Row[] => rows.filter((raw) => raw[1] === isNew).map((raw) => toRow(raw.slice(2)));
  return { gone: of(0), made: of(1) };
}
