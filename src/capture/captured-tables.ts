import { quoteName } from '../query/sql-writer.js';
import { literal, textArray } from './sql-text.js';
import type { TableNeeds } from './table-needs.js';
import { triggerNames } from './trigger-sql.js';
import { lackOf, parseVersion } from './trigger-version.js';

/** Sends one statement and answers the first value of its first row. */
export type Ask = (text: string) => Promise<unknown>;

/** A trigger as the catalog shows it. */
interface TriggerFacts {
  readonly name: string;
  /** `A` always, `O` normally, `R` for replication alone, `D` disabled. */
  readonly enabled: string;
  /** Changes whenever anything about the trigger does. */
  readonly state: string;
  /** The comment of its function. */
  readonly version: string | null;
}

/** A table, or a partition or child of one. */
export interface RelationFacts {
  /** With its schema, as people write it. */
  readonly name: string;
  /** With its schema, quoted. */
  readonly quoted: string;
  /** Changes when the table is rewritten, which no trigger tells: such as by ALTER TABLE … TYPE … USING. */
  readonly file: string;
  readonly kind: string;
  readonly persistence: string;
  readonly owner: string;
  /** Whether this user may do what its owner may. */
  readonly owned: boolean;
  readonly columns: readonly string[];
  readonly triggers: readonly TriggerFacts[];
  /** Whether a write to it runs triggers or rules of the application, which may write elsewhere. */
  readonly runsOthers: boolean;
  /** The tables, with their schemas, whose foreign keys a delete follows by writing there, or an update of what they point at. */
  readonly cascades: readonly string[];
}

/** What the catalog says. */
export interface DatabaseFacts {
  /** The server's version as a number, such as 150018. */
  readonly version: number;
  /** Whether this is a hot standby, which lags behind and takes no writes. */
  readonly standby: boolean;
  readonly user: string;
  readonly database: string;
  /** Whether the outbox is there. */
  readonly installed: boolean;
  /** Whether this user may read the outbox and write what reading it needs. */
  readonly usable: boolean;
  /** Whether the table of gates is there, which older releases did not make. */
  readonly hasGate: boolean;
  /** Whether it says how long each gate lives, which that of older releases did not. */
  readonly gateHasWindow: boolean;
  /** Whether this user may read and write it. */
  readonly gateUsable: boolean;
  /** Whether this user may make what is missing of the schema. */
  readonly mayCreate: boolean;
  /** By the table as the models write it: the table first, then its partitions and children. */
  readonly tables: Readonly<Record<string, readonly RelationFacts[]>>;
}

/** Reads the facts of some tables in one statement. */
export async function readFacts(ask: Ask, schema: string, tables: readonly string[]): Promise<DatabaseFacts> {
  const answer = await ask(factsSql(schema, tables));
  return JSON.parse(String(answer)) as DatabaseFacts; // made by the statement below
}

function factsSql(schema: string, tables: readonly string[]): string {
  const name = literal(schema);
  return `WITH RECURSIVE wanted AS (
  SELECT given.name, to_regclass(given.quoted)::oid AS root
  FROM unnest(${textArray(tables)}, ${textArray(tables.map(quoteName))}) AS given (name, quoted)
), family AS (
  SELECT root, root AS relation FROM wanted WHERE root IS NOT NULL
  UNION SELECT family.root, child.inhrelid FROM family JOIN pg_inherits child ON child.inhparent = family.relation
), relations AS (
  SELECT family.root, json_agg(json_build_object(
    'name', space.nspname || '.' || class.relname,
    'quoted', format('%I.%I', space.nspname, class.relname),
    'file', class.relfilenode::text, 'kind', class.relkind, 'persistence', class.relpersistence,
    'owner', pg_get_userbyid(class.relowner), 'owned', pg_has_role(class.relowner, 'USAGE'),
    'columns', (SELECT json_agg(attname) FROM pg_attribute WHERE attrelid = class.oid AND attnum > 0 AND NOT attisdropped),
    'triggers', (SELECT coalesce(json_agg(json_build_object(
      'name', tgname, 'enabled', tgenabled, 'state', pg_trigger.oid || '.' || pg_trigger.xmin,
      'version', obj_description(tgfoid, 'pg_proc')) ORDER BY tgname), '[]')
      FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_namespace home ON home.oid = pronamespace
      WHERE tgrelid = class.oid AND home.nspname = ${name}),
    ${sideEffectsSql(name)}
  ) ORDER BY family.relation <> family.root, space.nspname, class.relname) AS facts
  FROM family JOIN pg_class class ON class.oid = family.relation JOIN pg_namespace space ON space.oid = class.relnamespace
  GROUP BY family.root
), own AS (${ownTablesSql(schema)})
SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'standby', pg_is_in_recovery(),
  'user', current_user, 'database', current_database(),
  'installed', own.outbox IS NOT NULL AND own.consumer IS NOT NULL,
  'usable', coalesce(has_schema_privilege((SELECT oid FROM pg_namespace WHERE nspname = ${name}), 'USAGE')
    AND has_table_privilege(own.outbox, 'SELECT') AND has_table_privilege(own.outbox, 'DELETE')
    AND has_table_privilege(own.consumer, 'SELECT') AND has_table_privilege(own.consumer, 'INSERT')
    AND has_table_privilege(own.consumer, 'UPDATE') AND has_table_privilege(own.consumer, 'DELETE'), false),
  'hasGate', own.gate IS NOT NULL,
  'gateHasWindow', EXISTS (SELECT FROM pg_attribute WHERE attrelid = own.gate AND attname = 'window_ms'),
  'gateUsable', coalesce(has_table_privilege(own.gate, 'SELECT') AND has_table_privilege(own.gate, 'INSERT')
    AND has_table_privilege(own.gate, 'UPDATE'), false),
  'mayCreate', coalesce((SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = ${name}),
    has_database_privilege(current_database(), 'CREATE')),
  'tables', (SELECT coalesce(json_object_agg(wanted.name, coalesce(relations.facts, '[]')), '{}')
    FROM wanted LEFT JOIN relations ON relations.root = wanted.root)
)::text FROM own`;
}

/** What a write to a table may change elsewhere, as pairs of JSON. */
function sideEffectsSql(name: string): string {
  return `'runsOthers', EXISTS (SELECT FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
      JOIN pg_namespace home ON home.oid = pronamespace
      WHERE tgrelid = class.oid AND NOT tgisinternal AND tgenabled <> 'D' AND home.nspname <> ${name})
    OR EXISTS (SELECT FROM pg_rewrite WHERE ev_class = class.oid AND rulename <> '_RETURN'),
  'cascades', (SELECT coalesce(json_agg(DISTINCT origin.nspname || '.' || child.relname), '[]')
    FROM pg_constraint foreign_key JOIN pg_class child ON child.oid = conrelid
    JOIN pg_namespace origin ON origin.oid = child.relnamespace
    WHERE confrelid = class.oid AND contype = 'f' AND (confdeltype IN ('c', 'n', 'd') OR confupdtype IN ('c', 'n', 'd')
      AND NOT EXISTS (SELECT FROM pg_index WHERE indexrelid = foreign_key.conindid AND indisprimary)))`;
}

/** The tables of the schema itself. */
function ownTablesSql(schema: string): string {
  const oid = (name: string): string => `max(class.oid) FILTER (WHERE relname = '${name}') AS ${name}`;
  return `SELECT ${['outbox', 'consumer', 'gate'].map(oid).join(', ')}
  FROM pg_class class JOIN pg_namespace space ON space.oid = relnamespace
  WHERE nspname = ${literal(schema)} AND relname IN ('outbox', 'consumer', 'gate')`;
}

/** Why nothing at all can be captured, or no gate kept where one is wanted; undefined where it can. */
export function obstacleIn(facts: DatabaseFacts, schema: string, wantsGate: boolean): string | undefined {
  if (facts.version < 130_000) return 'PostgreSQL 13 or later is needed';
  if (facts.standby) return 'this server is a hot standby, whose rows lag behind; connect to the primary';
  if (!facts.installed) return `the schema '${schema}' is not there; run: npx moneyclip migrate`;
  if (wantsGate && !(facts.hasGate && facts.gateHasWindow)) {
    const lack = facts.hasGate ? 'does not say how long a gate lives' : 'has no table for gates';
    return `the schema '${schema}' was made by an older release and ${lack}; run: npx moneyclip migrate`;
  }
  if (facts.usable && (facts.gateUsable || !wantsGate)) return undefined;
  const user = quoteName(facts.user);
  return (
    `the user ${facts.user} may not read ${facts.usable ? 'the gate' : 'the outbox'}; run as its owner: ` +
    `GRANT USAGE ON SCHEMA ${schema} TO ${user}; ` +
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${user};`
  );
}

/** Why changes of a table are not heard of, whatever its triggers are; undefined where they can be. */
export function refusalOf(relations: readonly RelationFacts[]): string | undefined {
  for (const relation of relations) {
    const reason = kinds[relation.kind] ?? persistences[relation.persistence];
    if (reason !== undefined) return `${relation.name} is ${reason}`;
  }
  return relations.length === 0 ? noSuchTable : undefined;
}

/** A table that is declared and not there, such as one that its migration is still to make. Nobody can read it. */
export const noSuchTable = 'there is no such table';

const kinds: Readonly<Record<string, string>> = {
  v: 'a view, whose rows change with other tables',
  m: 'a materialized view, which is refreshed without a trigger',
  f: 'a foreign table, whose rows change elsewhere',
};

const persistences: Readonly<Record<string, string>> = {
  t: 'a temporary table, which each session has for itself',
  u: 'an unlogged table, which PostgreSQL empties after a crash without a trigger',
};

/** Why changes of a table are not heard of now; undefined where all of them are. */
export function gapIn(relations: readonly RelationFacts[], needs: TableNeeds, schema: string): string | undefined {
  const [root] = relations;
  const refusal = refusalOf(relations);
  if (!root || refusal !== undefined) return refusal;
  for (const relation of relations) {
    const gap = gapInTriggers(relation, schema);
    if (gap !== undefined) return gap;
    const lacks = relation.triggers.map(({ version }) => lackOf(parseVersion(version), root.name, needs));
    const lack = lacks.find((each) => each !== undefined);
    if (lack !== undefined) return `${lack}; run: npx moneyclip migrate`;
  }
  return undefined;
}

function gapInTriggers({ name, quoted, triggers }: RelationFacts, schema: string): string | undefined {
  for (const wanted of triggerNames(schema)) {
    const trigger = triggers.find((each) => each.name === wanted);
    if (!trigger) return `${name} has no trigger ${wanted}; run: npx moneyclip migrate`;
    if (trigger.enabled === 'A') continue;
    const state = trigger.enabled === 'O' ? 'does not fire under session_replication_role = replica' : 'is disabled';
    return `the trigger ${wanted} of ${name} ${state}; run: ALTER TABLE ${quoted} ENABLE ALWAYS TRIGGER ${quoteName(wanted)};`;
  }
  return undefined;
}

/** A text that changes whenever a table was rewritten, or its triggers were made, altered, disabled or enabled in between. */
export function stateOf(relations: readonly RelationFacts[]): string {
  return relations.flatMap(({ file, triggers }) => [file, ...triggers.map(({ state }) => state)]).join(' ');
}
