import { quoteName } from '../query/sql-writer.js';
import { mostRowChanges } from '../query/row-changes.js';
import { hashText } from '../support/hash.js';
import { longestWindowMs } from './guarantee.js';
import { dollarQuoted, literal, textArray } from './sql-text.js';
import { versionText, type TriggerVersion } from './trigger-version.js';

/** The kinds of statement that triggers hear of. */
const events = ['insert', 'update', 'delete', 'truncate'] as const;

type TriggerEvent = (typeof events)[number];

const transitions: Readonly<Record<TriggerEvent, string>> = {
  insert: ' REFERENCING NEW TABLE AS new_rows',
  update: ' REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
  delete: ' REFERENCING OLD TABLE AS old_rows',
  truncate: '',
};

/** The names of the triggers that a captured table has. */
export function triggerNames(schema: string): readonly string[] {
  return events.map((event) => triggerName(schema, event));
}

/** The tables that recorded changes wait in, and those that hear of them. */
export function schemaSql(schema: string): string[] {
  const name = quoteName(schema);
  return [
    `CREATE SCHEMA IF NOT EXISTS ${name}`,
    `CREATE TABLE IF NOT EXISTS ${name}.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  source text NOT NULL,
  columns text[] NOT NULL,
  rows text
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)`,
    `CREATE INDEX IF NOT EXISTS outbox_xid ON ${name}.outbox (xid)`,
    `CREATE TABLE IF NOT EXISTS ${name}.consumer (
  id text PRIMARY KEY,
  prefix text NOT NULL,
  server text NOT NULL,
  seen pg_snapshot NOT NULL,
  beat timestamptz NOT NULL DEFAULT clock_timestamp(),
  tables text NOT NULL DEFAULT '{}'
)`,
    gateSql(schema),
  ];
}

/** The table that says which process of Redis may keep the gate of a prefix; older releases made none. */
export function gateSql(schema: string): string {
  return `CREATE TABLE IF NOT EXISTS ${gateTable(schema)} (
  ns text PRIMARY KEY,
  inst text NOT NULL,
  epoch text NOT NULL,
  granted boolean NOT NULL DEFAULT false,
  token text NOT NULL,
  suspended boolean NOT NULL DEFAULT false,
  beat bigint NOT NULL DEFAULT 0,
  ${windowColumn}
) WITH (fillfactor = 50)`;
}

/** Adds to a table of gates of an older release how long each of them lives. */
export function gateWindowSql(schema: string): string {
  return `ALTER TABLE ${gateTable(schema)} ADD COLUMN IF NOT EXISTS ${windowColumn}`;
}

/** NOTE: a gate of which an older release did not say how long it lives may live for the longest time. */
const windowColumn = `window_ms integer NOT NULL DEFAULT ${longestWindowMs}`;

function gateTable(schema: string): string {
  return `${quoteName(schema)}.gate`;
}

/** The function that records the changes of one table. */
export function functionSql(schema: string, version: TriggerVersion): string[] {
  const name = functionName(schema, version.source);
  return [
    `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ` +
      `SET search_path = pg_catalog, pg_temp AS ${dollarQuoted(functionBody(schema, version))}`,
    `COMMENT ON FUNCTION ${name}() IS ${literal(versionText(version))}`,
    `REVOKE ALL ON FUNCTION ${name}() FROM PUBLIC`,
  ];
}

/** The triggers of a table or partition, in place of those that it has. */
export function triggersSql(schema: string, source: string, relation: string): string[] {
  return events.flatMap((event) => {
    const name = quoteName(triggerName(schema, event));
    return [
      `DROP TRIGGER IF EXISTS ${name} ON ${relation}`,
      `CREATE TRIGGER ${name} AFTER ${event.toUpperCase()} ON ${relation}${transitions[event]} ` +
        `FOR EACH STATEMENT EXECUTE FUNCTION ${functionName(schema, source)}()`,
      // NOTE: those that are enabled merely do not fire for logical replication and session_replication_role = replica
      `ALTER TABLE ${relation} ENABLE ALWAYS TRIGGER ${name}`,
    ];
  });
}

/** The name of the function of a table. It is short, since PostgreSQL cuts names. */
function functionName(schema: string, source: string): string {
  return `${quoteName(schema)}.${quoteName(`capture_${hashText(source).slice(0, 16)}`)}`;
}

function triggerName(schema: string, event: TriggerEvent): string {
  return `${schema}_${event}`;
}

/**
 * Records one row of the outbox for each statement: `[before, after, whether stable columns changed]` for each changed
 * row, or nothing of them where there are too many.
 *
 * NOTE: column names are unqualified on purpose. Where the table has lost a column, the name falls back to that of
 * `missing`: a cache must not make writes fail.
 */
function functionBody(schema: string, version: TriggerVersion): string {
  return `
#variable_conflict use_column
BEGIN
  IF TG_OP = 'INSERT' THEN
    ${recordSql(schema, version, `SELECT json_build_array(NULL, cells, true) AS change FROM ${side(version, 'new_rows')} AS n`)};
  ELSIF TG_OP = 'DELETE' THEN
    ${recordSql(schema, version, `SELECT json_build_array(cells, NULL, true) AS change FROM ${side(version, 'old_rows')} AS o`)};
  ELSIF TG_OP = 'UPDATE' THEN
    ${recordSql(schema, version, `SELECT json_build_array(o.cells, n.cells, ${version.stable ? 'o.stable IS DISTINCT FROM n.stable' : 'true'}) AS change FROM ${side(version, 'old_rows')} AS o FULL JOIN ${side(version, 'new_rows')} AS n ON o.identity = n.identity`)};
  ELSE
    INSERT INTO ${quoteName(schema)}.outbox (source, columns) VALUES (${recordedNames(version)});
  END IF;
  RETURN NULL;
END`;
}

function recordSql(schema: string, version: TriggerVersion, changes: string): string {
  const names = [...new Set([...Object.keys(version.columns), ...(version.stable ?? [])])];
  const missing = names.map((name) => `NULL::text AS ${quoteName(name)}`).join(', ');
  return `INSERT INTO ${quoteName(schema)}.outbox (source, columns, rows)
    SELECT ${recordedNames(version)}, recorded.rows FROM (SELECT ${missing}) AS missing
    CROSS JOIN LATERAL (
      SELECT count(*) AS number, CASE WHEN count(*) <= ${mostRowChanges} THEN json_agg(change)::text END AS rows
      FROM (${changes}) AS changes
    ) AS recorded WHERE recorded.number > 0`;
}

function recordedNames({ source, columns }: TriggerVersion): string {
  return `${literal(source)}, ${textArray(Object.keys(columns))}`;
}

/** The rows on one side of a change; one more than are recorded shows that there are too many. */
function side({ keys, columns, stable }: TriggerVersion, rows: 'old_rows' | 'new_rows'): string {
  const cells = Object.values(columns).join(', ');
  const compared = stable ? asTexts(stable) : 'NULL::text';
  const columnsOfSide = `json_build_array(${cells}) AS cells, ${asTexts(keys)} AS identity, ${compared} AS stable`;
  return `(SELECT ${columnsOfSide} FROM ${rows} LIMIT ${mostRowChanges + 1})`;
}

/** NOTE: as texts any two values can be compared, whatever their type and wherever its operators are. */
function asTexts(names: readonly string[]): string {
  return `ARRAY[${names.map((name) => `${quoteName(name)}::text`).join(', ')}]`;
}
