import { UsageError } from '../errors.js';
import { quoteName } from '../query/sql-writer.js';
import { gapIn, refusalOf, type Ask, type DatabaseFacts, type RelationFacts } from './captured-tables.js';
import { literal } from './sql-text.js';
import { assertColumns, type TableNeeds } from './table-needs.js';
import { functionSql, gateSql, gateWindowSql, schemaSql, triggersSql } from './trigger-sql.js';
import { parseVersion, versionFor, versionText, type TriggerVersion } from './trigger-version.js';

/** What a migration does. */
export interface Plan {
  /** In order; none where everything is as it should be. */
  readonly statements: readonly string[];
  /** Tables that cannot be captured, with the reason. */
  readonly skipped: readonly { readonly table: string; readonly reason: string }[];
}

/** The statements that are missing for some tables to be captured. Throws UsageError where this user may not run them. */
export function planUp(needs: readonly TableNeeds[], facts: DatabaseFacts, schema: string): Plan {
  assertServer(facts, schema);
  const statements: string[] = [];
  if (!facts.installed) {
    assertMayCreate(facts, schema);
    statements.push(...schemaSql(schema));
  } else if (!facts.hasGate) {
    assertMayCreate(facts, schema);
    statements.push(gateSql(schema));
  } else if (!facts.gateHasWindow) {
    assertMayCreate(facts, schema);
    statements.push(gateWindowSql(schema));
  }
  const skipped: Plan['skipped'][number][] = [];
  for (const group of byRelation(needs, facts)) {
    const relations = facts.tables[group[0].table] ?? [];
    const reason = refusalOf(relations);
    if (reason === undefined) statements.push(...tableSql(group, relations, { facts, schema }));
    else skipped.push(...group.map(({ table }) => ({ table, reason })));
  }
  return { statements, skipped };
}

type Group = readonly [TableNeeds, ...TableNeeds[]];

/** Models may write one table with its schema and without: the triggers serve both. */
function byRelation(needs: readonly TableNeeds[], facts: DatabaseFacts): Group[] {
  const groups = new Map<string, [TableNeeds, ...TableNeeds[]]>();
  for (const need of needs) {
    const name = facts.tables[need.table]?.[0]?.quoted ?? need.table;
    const group = groups.get(name);
    if (group) group.push(need);
    else groups.set(name, [need]);
  }
  return [...groups.values()];
}

function tableSql(
  needs: Group,
  relations: readonly RelationFacts[],
  { facts, schema }: { readonly facts: DatabaseFacts; readonly schema: string },
): string[] {
  const [root] = relations;
  if (!root) return [];
  assertColumns(root, needs);
  const installed = root.triggers.map(({ version }) => parseVersion(version)).find((version) => version !== undefined);
  const version = extended(versionFor(root.name, needs), installed, root);
  const isCurrent = installed !== undefined && versionText(installed) === versionText(version);
  const missing = relations.filter(
    (relation) => !isCurrent || needs.some((need) => gapIn([root, relation], need, schema) !== undefined),
  );
  if (missing.length === 0) return [];
  assertMayCreate(facts, schema);
  for (const relation of missing) assertOwned(relation, facts);
  return [
    ...functionSql(schema, version),
    ...missing.flatMap((relation) => triggersSql(schema, root.name, relation.quoted)),
  ];
}

/** Goes on to record what others may still need: an older release, or another application. */
function extended(
  version: TriggerVersion,
  installed: TriggerVersion | undefined,
  { name, columns }: RelationFacts,
): TriggerVersion {
  if (installed?.source !== name || installed.format !== version.format) return version;
  const kept = Object.entries(installed.columns).filter(([column]) => columns.includes(column));
  const all = { ...Object.fromEntries(kept), ...version.columns };
  const names = Object.keys(all).toSorted();
  return { ...version, columns: Object.fromEntries(names.map((column) => [column, all[column] ?? ''])) };
}

/** The statements that remove the triggers, their functions and the outbox, whatever the models are. */
export async function planDown(ask: Ask, schema: string): Promise<Plan> {
  const answer = await ask(installedSql(schema));
  const { triggers, functions, tables, exists } = JSON.parse(String(answer)) as Installed; // made by the statement
  const statements = [
    ...triggers.map(({ trigger, relation }) => `DROP TRIGGER IF EXISTS ${trigger} ON ${relation}`),
    ...functions.map((name) => `DROP FUNCTION IF EXISTS ${quoteName(schema)}.${name}()`),
    ...tables.map((name) => `DROP TABLE IF EXISTS ${quoteName(schema)}.${name}`),
  ];
  if (exists) statements.push(dropSchemaSql(schema));
  return { statements, skipped: [] };
}

interface Installed {
  readonly triggers: readonly { readonly trigger: string; readonly relation: string }[];
  readonly functions: readonly string[];
  readonly tables: readonly string[];
  readonly exists: boolean;
}

function installedSql(schema: string): string {
  return `WITH home AS (SELECT oid FROM pg_namespace WHERE nspname = ${literal(schema)}),
captures AS (
  SELECT pg_proc.oid, proname FROM pg_proc JOIN home ON pronamespace = home.oid WHERE proname LIKE 'capture\\_%'
)
SELECT json_build_object(
  'exists', EXISTS (SELECT FROM home),
  'tables', (SELECT coalesce(json_agg(relname ORDER BY relname), '[]') FROM pg_class JOIN home ON relnamespace = home.oid
    WHERE relname IN ('outbox', 'consumer', 'gate') AND relkind = 'r'),
  'functions', (SELECT coalesce(json_agg(quote_ident(proname) ORDER BY proname), '[]') FROM captures),
  'triggers', (SELECT coalesce(json_agg(json_build_object(
      'trigger', quote_ident(tgname), 'relation', format('%I.%I', nspname, relname)) ORDER BY nspname, relname, tgname), '[]')
    FROM pg_trigger JOIN captures ON captures.oid = tgfoid JOIN pg_class ON pg_class.oid = tgrelid
    JOIN pg_namespace ON pg_namespace.oid = relnamespace)
)::text`;
}

/** NOTE: somebody may keep things of their own in the schema. */
function dropSchemaSql(schema: string): string {
  return `DO $moneyclip$ BEGIN
  DROP SCHEMA ${quoteName(schema)};
EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN NULL;
END $moneyclip$`;
}

function assertServer({ version, standby, user }: DatabaseFacts, schema: string): void {
  if (version < 130_000) throw new UsageError('migrate: PostgreSQL 13 or later is needed');
  if (standby) throw new UsageError('migrate: this server is a hot standby, which takes no writes; use the primary');
  if (user !== schema) return;
  throw new UsageError(
    `migrate: the schema '${schema}' has the name of the user, so that PostgreSQL would look for tables there first; use another one`,
  );
}

function assertMayCreate({ mayCreate, user, database }: DatabaseFacts, schema: string): void {
  if (mayCreate) return;
  throw new UsageError(
    `migrate: the user ${user} may not create what is needed in the schema '${schema}'. ` +
      `Run it as the owner of the schema, or first: GRANT CREATE ON DATABASE ${quoteName(database)} TO ${quoteName(user)};`,
  );
}

function assertOwned({ name, owned, owner }: RelationFacts, { user }: DatabaseFacts): void {
  if (owned) return;
  throw new UsageError(
    `migrate: the user ${user} may not create triggers on ${name} that always fire, which takes its owner, ${owner}. ` +
      `Run it as ${owner}, or first: GRANT ${quoteName(owner)} TO ${quoteName(user)};`,
  );
}
