import { quoteName } from '../../query/sql-writer.js';
import { logVersionText, type LogVersion, type UniqueColumn } from './log-version.js';

/** So many changes are kept; who was not heard of for longer than that forgets everything. */
const mostKept = 10_000;
/** The oldest are deleted so many at a time. */
const trimmedAtOnce = 256;

/** What the triggers of a table are about. `replace` and `overwrite` see the rows that REPLACE deletes without telling. */
const events = {
  insert: 'AFTER INSERT',
  update: 'AFTER UPDATE',
  delete: 'AFTER DELETE',
  replace: 'BEFORE INSERT',
  overwrite: 'BEFORE UPDATE',
} as const;

/** The name of a row's number, where no column has it. */
export const rowNumber = '_rowid_';

type LogEvent = keyof typeof events;

const eventNames = Object.keys(events) as readonly LogEvent[]; // as above

/** The table that the last changes are in. */
export function outboxName(schema: string): string {
  return `${schema}_outbox`;
}

/**
 * The table, and what keeps it small. A row has a token that never recurs: by that of the last row that it knows a
 * reader sees whether the table goes on where it left it.
 */
export function outboxSql(schema: string): string[] {
  const outbox = quoteName(outboxName(schema));
  return [
    `CREATE TABLE IF NOT EXISTS ${outbox} (
  id INTEGER PRIMARY KEY,
  token TEXT NOT NULL DEFAULT (hex(randomblob(8))),
  source TEXT NOT NULL,
  columns TEXT NOT NULL,
  before TEXT,
  after TEXT,
  stable INTEGER NOT NULL
)`,
    `CREATE TRIGGER IF NOT EXISTS ${quoteName(trimName(schema))} AFTER INSERT ON ${outbox}
WHEN NEW.id % ${trimmedAtOnce} = 0 BEGIN
  DELETE FROM ${outbox} WHERE id <= NEW.id - ${mostKept};
END`,
    // NOTE: there is a last row from the start, from which on readers read; no model has this table
    `INSERT INTO ${outbox} (source, columns, stable) VALUES ('', '[]', 1)`,
  ];
}

export function trimName(schema: string): string {
  return `${schema}_trim`;
}

/** The names of the triggers of a table with what their texts must be. */
export function triggersSql(schema: string, version: LogVersion): Readonly<Record<string, string>> {
  return Object.fromEntries(
    eventNames.map((event) => [triggerName(schema, event, version.source), triggerSql(schema, event, version)]),
  );
}

/** The names that triggers of a table may have. */
export function triggerNames(schema: string, table: string): readonly string[] {
  return eventNames.map((event) => triggerName(schema, event, table));
}

/** What the names of all triggers begin with. */
export function triggerPrefixes(schema: string): readonly string[] {
  return eventNames.map((event) => `${schema}_${event}_`);
}

function triggerName(schema: string, event: LogEvent, table: string): string {
  return `${schema}_${event}_${table}`;
}

function triggerSql(schema: string, event: LogEvent, version: LogVersion): string {
  const name = quoted(triggerName(schema, event, version.source));
  const comment = event === 'insert' ? ` /* moneyclip ${logVersionText(version)} */` : '';
  const outbox = quoteName(outboxName(schema));
  const named = `${literal(version.source)}, ${literal(JSON.stringify(Object.keys(version.columns)))}`;
  const when = event === 'overwrite' && version.unique ? ` WHEN ${movedSql(version.unique.flat())}` : '';
  return `CREATE TRIGGER ${name} ${events[event]} ON ${quoted(version.source)}${when} BEGIN${comment}
  INSERT INTO ${outbox} (source, columns, before, after, stable)
  ${recordedSql(event, version)
    .map((values) => `SELECT ${named}, ${values}`)
    .join('\n  UNION ')};
END`;
}

/** The rows of what is recorded; one for each of several ways to find them. */
function recordedSql(event: LogEvent, version: LogVersion): readonly string[] {
  switch (event) {
    case 'insert':
      return [`NULL, ${valuesOf('NEW', version)}, 1`];
    case 'delete':
      return [`${valuesOf('OLD', version)}, NULL, 1`];
    case 'update':
      return [`${valuesOf('OLD', version)}, ${valuesOf('NEW', version)}, ${stableSql(version)}`];
    case 'replace':
    case 'overwrite':
      return replacedSql(event, version);
  }
}

/** The recorded columns of a row as SQL literals, which lose nothing. Expressions name columns without their table. */
function valuesOf(row: 'OLD' | 'NEW', { columns }: LogVersion): string {
  const values = Object.entries(columns).map(([name, expression]) => {
    const value = `${row}.${quoted(name)}`;
    if (expression === quoted(name)) return `quote(${value})`; // much faster than what follows
    return `(SELECT quote(${expression}) FROM (SELECT ${value} AS ${quoted(name)}))`;
  });
  return values.join(` || ',' || `);
}

function literals({ columns }: LogVersion): string {
  return Object.values(columns)
    .map((expression) => `quote(${expression})`)
    .join(` || ',' || `);
}

/** NOTE: texts that the column's collation takes for equal are not the same. */
function stableSql({ stable }: LogVersion): string {
  if (!stable) return '1';
  if (stable.length === 0) return '0';
  return stable.map((name) => `OLD.${quoted(name)} IS NOT NEW.${quoted(name)} COLLATE BINARY`).join(' OR ');
}

/**
 * The rows that are in the way of a new one. Most statements fail then, and what was recorded is gone with them; REPLACE
 * deletes these rows, and where `recursive_triggers` is off no other trigger tells of it.
 */
function replacedSql(event: 'replace' | 'overwrite', version: LogVersion): readonly string[] {
  const { unique, source } = version;
  if (!unique) return ['NULL, NULL, 1'];
  if (unique.length === 0) return ['NULL, NULL, 1 WHERE 0'];
  // NOTE: each key alone, since conditions with OR and collations make SQLite look through the whole table
  return unique.map((columns) => {
    const same = columns.map((column) => `${nameOf(column)} = ${newValue(column)}${collationOf(column)}`);
    const conditions = event === 'replace' ? same : [...same, `(${movedSql(columns)})`];
    return `${literals(version)}, NULL, 1 FROM ${quoted(source)} WHERE ${conditions.join(' AND ')}`;
  });
}

function movedSql(columns: readonly UniqueColumn[]): string {
  const moved = columns.map((column) => `OLD.${nameOf(column)} IS NOT NEW.${nameOf(column)} COLLATE BINARY`);
  return moved.join(' OR ') || '0';
}

/** NOTE: between quotes the number of a row would be a text. */
function nameOf({ name }: UniqueColumn): string {
  return name === rowNumber ? rowNumber : quoted(name);
}

/** NOTE: with a collation the number of a row is looked for in all rows. */
function collationOf({ name, collation }: UniqueColumn): string {
  return name === rowNumber ? '' : ` COLLATE ${quoted(collation)}`;
}

function newValue(column: UniqueColumn): string {
  const { instead } = column;
  const value = `NEW.${nameOf(column)}`;
  return instead === undefined ? value : `coalesce(${value}, ${instead})`;
}

/** NOTE: a table of the main file may have a dot in its name; `quoteName` would take it for two. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
