import type { Ask } from '../captured-tables.js';
import type { Plan } from '../plan.js';
import { assertColumns, type TableNeeds } from '../table-needs.js';
import { literal, outboxName, outboxSql, quoted, triggerPrefixes, triggersSql, trimName } from './log-sql.js';
import { logVersionFor } from './log-version.js';
import { refusalOf, type LoggedTable, type LogFacts } from './logged-tables.js';

/** The statements that are missing for the changes of some tables to be told. */
export function planUp(needs: readonly TableNeeds[], facts: LogFacts, schema: string): Plan {
  const statements = facts.installed ? [] : outboxSql(schema);
  const skipped: Plan['skipped'][number][] = [];
  for (const need of needs) {
    const table = facts.tables.get(need.table);
    const reason = refusalOf(table);
    if (table && reason === undefined) statements.push(...tableSql(table, sharing(table, needs, facts), schema));
    else skipped.push({ table: need.table, reason: reason ?? '' });
  }
  return { statements: [...new Set(statements)], skipped };
}

/** Models may write one table in several ways: the triggers serve all of them. */
function sharing(table: LoggedTable, needs: readonly TableNeeds[], facts: LogFacts): TableNeeds[] {
  return needs.filter((need) => facts.tables.get(need.table)?.name === table.name);
}

function tableSql(table: LoggedTable, needs: readonly TableNeeds[], schema: string): string[] {
  assertColumns(table, needs);
  const wanted = triggersSql(schema, logVersionFor(table, needs));
  const isOurs = (name: string): boolean => triggerPrefixes(schema).some((prefix) => name.startsWith(prefix));
  const outdated = Object.keys(table.triggers).filter((name) => isOurs(name) && table.triggers[name] !== wanted[name]);
  const missing = Object.keys(wanted).filter((name) => table.triggers[name] !== wanted[name]);
  return [
    ...outdated.map((name) => `DROP TRIGGER IF EXISTS ${quoted(name)}`),
    ...missing.flatMap((name) => wanted[name] ?? []),
  ];
}

/** The statements that remove the triggers and the table of changes, whatever the models are. */
export async function planDown(ask: Ask, schema: string): Promise<Plan> {
  const prefixes = triggerPrefixes(schema).map((prefix) => `substr(name, 1, ${prefix.length}) = ${literal(prefix)}`);
  const answer = await ask(
    `SELECT json_object(
  'triggers', (SELECT json_group_array(name) FROM sqlite_master WHERE type = 'trigger'
    AND (${prefixes.join(' OR ')} OR name = ${literal(trimName(schema))})),
  'installed', (SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ${literal(outboxName(schema))}))`,
  );
  const { triggers, installed } = JSON.parse(String(answer)) as { triggers: string[]; installed: number }; // made by the statement
  const statements = triggers.toSorted().map((name) => `DROP TRIGGER IF EXISTS ${quoted(name)}`);
  if (installed > 0) statements.push(`DROP TABLE IF EXISTS ${quoted(outboxName(schema))}`);
  return { statements, skipped: [] };
}
