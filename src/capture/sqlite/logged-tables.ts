import { noSuchTable, type Ask } from '../captured-tables.js';
import type { TableNeeds } from '../table-needs.js';
import { literal, outboxName, rowNumber, triggerNames, triggersSql } from './log-sql.js';
import { lackOfLog, parseLogVersion, type LogVersion, type UniqueColumn } from './log-version.js';

/** A table of the file, as far as the log cares. */
export interface LoggedTable {
  readonly name: string;
  /** `table`, `view`, `virtual` … */
  readonly type: string;
  readonly columns: readonly string[];
  readonly unique: readonly (readonly UniqueColumn[])[] | null;
  /** The texts of its triggers by their names. */
  readonly triggers: Readonly<Record<string, string>>;
  /** What the triggers that are there record. */
  readonly installed: LogVersion | undefined;
}

/** What the file says. */
export interface LogFacts {
  /** Whether the table of changes is there. */
  readonly installed: boolean;
  /** By the table as the models write it. */
  readonly tables: ReadonlyMap<string, LoggedTable>;
}

interface ColumnFacts {
  readonly name: string;
  readonly notNull: number;
  readonly default: string | null;
  readonly key: number;
}

interface IndexFacts {
  readonly partial: number;
  readonly columns: readonly { readonly name: string | null; readonly collation: string }[];
}

interface TableFacts {
  readonly name: string;
  readonly type: string;
  readonly withoutRowid: number;
  readonly columns: readonly ColumnFacts[];
  readonly indexes: readonly IndexFacts[];
  readonly triggers: Readonly<Record<string, string>>;
}

/** The one statement that reads the facts of all tables of the main file as JSON. */
export function factsSql(schema: string): string {
  return `SELECT json_object(
  'installed', (SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ${literal(outboxName(schema))}),
  'tables', (SELECT json_group_array(json_object(
    'name', list.name, 'type', list.type, 'withoutRowid', list.wr,
    'columns', (SELECT json_group_array(json_object('name', name, 'notNull', "notnull", 'default', dflt_value, 'key', pk))
      FROM pragma_table_xinfo(list.name)),
    'indexes', (SELECT json_group_array(json_object('partial', partial, 'columns', (
        SELECT json_group_array(json_object('name', part.name, 'collation', part.coll))
        FROM pragma_index_xinfo(keys.name) AS part WHERE part.key = 1)))
      FROM pragma_index_list(list.name) AS keys WHERE keys."unique" = 1),
    'triggers', (SELECT json_group_object(name, sql) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = list.name)))
    FROM pragma_table_list AS list WHERE list.schema = 'main' AND list.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'))`;
}

/** The facts of some tables, from what `factsSql` answers. */
export function factsOf(answer: unknown, tables: readonly string[], schema: string): LogFacts {
  const read = JSON.parse(String(answer)) as { installed: number; tables: readonly TableFacts[] }; // made by the statement
  const byName = new Map(read.tables.map((table) => [table.name.toLowerCase(), table]));
  const found = new Map<string, LoggedTable>();
  for (const table of tables) {
    const facts = byName.get(table.toLowerCase().replace(/^main\./, ''));
    if (facts) found.set(table, toTable(facts, schema));
  }
  return { installed: read.installed > 0, tables: found };
}

export async function readFacts(ask: Ask, schema: string, needs: readonly TableNeeds[]): Promise<LogFacts> {
  return factsOf(
    await ask(factsSql(schema)),
    needs.map(({ table }) => table),
    schema,
  );
}

function toTable(facts: TableFacts, schema: string): LoggedTable {
  const { name, type, columns, triggers } = facts;
  const [inserted = ''] = triggerNames(schema, name);
  const installed = parseLogVersion(triggers[inserted]);
  return { name, type, columns: columns.map((column) => column.name), unique: uniqueOf(facts), triggers, installed };
}

/** NOTE: the number of a row is unique too, by its own name or by that of an INTEGER PRIMARY KEY; it has no index. */
function uniqueOf({ columns, indexes, withoutRowid }: TableFacts): readonly (readonly UniqueColumn[])[] | null {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const keys: UniqueColumn[][] = [];
  if (withoutRowid === 0 && !byName.has(rowNumber)) keys.push([{ name: rowNumber, collation: 'BINARY' }]);
  for (const { partial, columns: parts } of indexes) {
    if (partial !== 0 || parts.some(({ name }) => name === null)) return null;
    keys.push(
      parts.map(({ name, collation }) => ({ name: name ?? '', collation, ...insteadOf(byName.get(name ?? '')) })),
    );
  }
  return keys.toSorted((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
}

function insteadOf(column: ColumnFacts | undefined): { instead?: string } {
  return column && column.notNull !== 0 && column.default !== null ? { instead: `(${column.default})` } : {};
}

const refusals: Readonly<Record<string, string>> = {
  view: 'a view, whose rows change with other tables',
  virtual: 'a virtual table, which can have no triggers',
};

/** Why changes of a table cannot be told, whatever its triggers are; undefined where they can be. */
export function refusalOf(table: LoggedTable | undefined): string | undefined {
  if (!table) return noSuchTable;
  const refusal = refusals[table.type];
  return refusal === undefined ? undefined : `${table.name} is ${refusal}`;
}

/** Why changes of a table are not told now; undefined where all of them are. */
export function gapIn(table: LoggedTable | undefined, needs: TableNeeds, schema: string): string | undefined {
  const refusal = refusalOf(table);
  if (!table || refusal !== undefined) return refusal;
  const { installed, name, triggers } = table;
  if (!installed) return `${name} has no triggers for it; run: npx moneyclip migrate`;
  for (const [trigger, sql] of Object.entries(triggersSql(schema, { ...installed, source: name }))) {
    if (!(trigger in triggers)) return `${name} has no trigger ${trigger}; run: npx moneyclip migrate`;
    if (installed.source === name && triggers[trigger] !== sql) {
      return `the trigger ${trigger} is another one than moneyclip makes; run: npx moneyclip migrate`;
    }
  }
  const lack = lackOfLog(installed, table, needs);
  return lack === undefined ? undefined : `${lack}; run: npx moneyclip migrate`;
}

/** Why nothing at all is told; undefined where something can be. */
export function obstacleIn(facts: LogFacts, schema: string): string | undefined {
  return facts.installed ? undefined : `the table '${outboxName(schema)}' is not there; run: npx moneyclip migrate`;
}
