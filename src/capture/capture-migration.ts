import type { Knex } from 'knex';
import { UsageError } from '../errors.js';
import { isBusy } from '../database/sqlite/sqlite-errors.js';
import type { DialectName } from '../schema/column-type.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { linkTablesOf } from '../schema/link-tables.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { schemaOf } from '../schema/schema-of.js';
import { defaultSchema, schemaName } from './capture-options.js';
import { gapIn, obstacleIn, readFacts, type Ask, type DatabaseFacts } from './captured-tables.js';
import { planDown, planUp, type Plan } from './plan.js';
import { planDown as planFileDown, planUp as planFileUp } from './sqlite/log-plan.js';
import {
  gapIn as gapInFile,
  obstacleIn as obstacleInFile,
  readFacts as readFileFacts,
  type LogFacts,
} from './sqlite/logged-tables.js';
import { literal } from './sql-text.js';
import { declaredNeeds, needsOf, type TableNeeds } from './table-needs.js';

/** What `captureMigration` takes. */
export interface CaptureMigrationOptions {
  /**
   * The models whose tables are captured, and the link tables that the library makes for them; default: every one that is
   * declared when the migration runs.
   */
  readonly models?: readonly ModelClassLike[];
  /** The connection of these models, where none are given; default: `default`. */
  readonly connection?: string;
  /** The schema for the outbox; on SQLite what the names of the outbox and its triggers begin with; default: `moneyclip_capture`. */
  readonly schema?: string;
}

/** A table of the models, and whether changes that others make to it are heard of. */
export interface CapturedTableStatus {
  readonly table: string;
  readonly captured: boolean;
  /** Why they are not. */
  readonly reason: string | undefined;
}

/** What `status` answers. */
export interface CaptureStatus {
  /** Why nothing is captured at all; undefined where something can be. */
  readonly obstacle: string | undefined;
  readonly tables: readonly CapturedTableStatus[];
}

/** A migration as knex runs it, which can also tell what it would do. */
export interface CaptureMigration {
  /**
   * Makes the outbox and the triggers that are missing, in one transaction; what is there already stays as it is.
   * Answers the statements that it ran, and what cannot be captured. Throws UsageError where rights are missing.
   */
  up(knex: Knex): Promise<Plan>;
  /** Removes the triggers and the outbox, in one transaction. Safe at any time: what used them caches nothing more. */
  down(knex: Knex): Promise<Plan>;
  /** What `up` or `down` would do, without doing it. */
  plan(knex: Knex, direction: 'up' | 'down'): Promise<Plan>;
  /** Which tables are captured. */
  status(knex: Knex): Promise<CaptureStatus>;
}

function withLinkTables(models: readonly ModelSchema[]): readonly ModelSchema[] {
  return [...models, ...linkTablesOf(models)];
}

/** How long a lock on a table is waited for; meanwhile, writes to it wait too. */
const lockTimeout = '5s';

/** The triggers that record what is changed in the tables of models, for `connect({ capture: true })`. */
export function captureMigration(options: CaptureMigrationOptions = {}): CaptureMigration {
  const schema = schemaName(options.schema ?? defaultSchema, 'captureMigration: schema');
  const needs = (dialect: DialectName): TableNeeds[] =>
    options.models
      ? needsOf(withLinkTables(options.models.map(schemaOf)), dialect)
      : declaredNeeds(options.connection ?? 'default', dialect);
  const plan = async (knex: Knex, direction: 'up' | 'down'): Promise<Plan> => {
    const dialect = dialectOf(knex);
    const ask = askBy(knex);
    if (direction === 'down') return dialect === 'sqlite' ? planFileDown(ask, schema) : planDown(ask, schema);
    const wanted = needs(dialect);
    if (dialect === 'sqlite') return planFileUp(wanted, await readFileFacts(ask, schema, wanted), schema);
    return planUp(wanted, await factsFor(knex, schema, wanted), schema);
  };
  const run = (knex: Knex, direction: 'up' | 'down'): Promise<Plan> =>
    inTransaction(knex, schema, async (trx) => {
      const made = await plan(trx, direction);
      for (const statement of made.statements) await send(trx, statement);
      return made;
    });
  return {
    up: (knex) => run(knex, 'up'),
    down: (knex) => run(knex, 'down'),
    plan,
    status: async (knex) => {
      const dialect = dialectOf(knex);
      const wanted = needs(dialect);
      if (dialect === 'sqlite') return statusOfFile(wanted, await readFileFacts(askBy(knex), schema, wanted), schema);
      return statusOf(wanted, await factsFor(knex, schema, wanted), { schema, wantsGate: true });
    },
  };
}

/** Which tables are captured, by what the catalog says; with `wantsGate`, none where no gate can be kept. */
export function statusOf(
  needs: readonly TableNeeds[],
  facts: DatabaseFacts,
  { schema, wantsGate }: { readonly schema: string; readonly wantsGate: boolean },
): CaptureStatus {
  const obstacle = obstacleIn(facts, schema, wantsGate);
  const tables = needs.map((need) => {
    const reason = obstacle ?? gapIn(facts.tables[need.table] ?? [], need, schema);
    return { table: need.table, captured: reason === undefined, reason };
  });
  return { obstacle, tables };
}

/** The same for a SQLite file. */
export function statusOfFile(needs: readonly TableNeeds[], facts: LogFacts, schema: string): CaptureStatus {
  const obstacle = obstacleInFile(facts, schema);
  const tables = needs.map((need) => {
    const reason = obstacle ?? gapInFile(facts.tables.get(need.table), need, schema);
    return { table: need.table, captured: reason === undefined, reason };
  });
  return { obstacle, tables };
}

function factsFor(knex: Knex, schema: string, needs: readonly TableNeeds[]): Promise<DatabaseFacts> {
  return readFacts(
    askBy(knex),
    schema,
    needs.map(({ table }) => table),
  );
}

/** One at a time, all or nothing: in the transaction of knex's own migrations where there is one. */
async function inTransaction<T>(knex: Knex, schema: string, task: (trx: Knex) => Promise<T>): Promise<T> {
  if (dialectOf(knex) === 'sqlite') return inFileTransaction(knex, task);
  const guarded = async (trx: Knex): Promise<T> => {
    await send(trx, `SELECT pg_advisory_xact_lock(hashtextextended(${literal(`moneyclip migrate ${schema}`)}, 0))`);
    const before = await askBy(trx)("SELECT current_setting('lock_timeout')");
    await send(trx, `SET LOCAL lock_timeout = '${lockTimeout}'`);
    const result = await task(trx);
    await send(trx, `SELECT set_config('lock_timeout', ${literal(String(before))}, true)`);
    return result;
  };
  try {
    return await (knex.isTransaction === true ? guarded(knex) : knex.transaction(guarded));
  } catch (error) {
    throw lockError(error) ?? error;
  }
}

/** NOTE: IMMEDIATE, so that the file is ours before it is looked at; knex begins without. */
async function inFileTransaction<T>(knex: Knex, task: (trx: Knex) => Promise<T>): Promise<T> {
  try {
    if (knex.isTransaction === true) return await task(knex);
    return await knex.transaction(async (trx) => {
      await send(trx, 'ROLLBACK');
      await send(trx, 'BEGIN IMMEDIATE');
      return task(trx);
    });
  } catch (error) {
    throw busyError(error) ?? error;
  }
}

function busyError(error: unknown): UsageError | undefined {
  if (!isBusy(error)) return undefined;
  return new UsageError('The file was in use, so nothing was changed. Run it again when no long transaction is open.', {
    cause: error,
  });
}

function dialectOf(knex: Knex): DialectName {
  const client: unknown = Reflect.get(Object(knex.client), 'driverName');
  if (client === 'pg') return 'postgres';
  if (client === 'better-sqlite3') return 'sqlite';
  throw new UsageError(`captureMigration: a knex instance must use the client 'better-sqlite3' or 'pg'`);
}

/** NOTE: a deadlock as well, with a transaction that writes to the tables in another order. */
function lockError(error: unknown): UsageError | undefined {
  if (!(error instanceof Error) || !['55P03', '40P01'].includes(String(Reflect.get(error, 'code')))) return undefined;
  return new UsageError(
    `A table was in use, so nothing was changed. Run it again when no long transaction holds the table.`,
    { cause: error },
  );
}

function askBy(knex: Knex): Ask {
  return async (text) => {
    const rows = await send(knex, text);
    return Object.values(Object(rows[0]) as Record<string, unknown>)[0]; // a row of pg
  };
}

/** NOTE: knex takes a bare question mark for a parameter, also inside names and texts. */
async function send(knex: Knex, text: string): Promise<unknown[]> {
  const result: unknown = await knex.raw(text.replaceAll('?', String.raw`\?`));
  const rows: unknown = Array.isArray(result) ? result : Reflect.get(Object(result), 'rows');
  return Array.isArray(rows) ? (rows as unknown[]) : [];
}
