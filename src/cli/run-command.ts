import { dirname, resolve } from 'node:path';
import { MoneyclipError, UsageError } from '../errors.js';
import { captureMigration, connect, type CaptureMigration, type CapturePlan, type Database } from '../index.js';
import { readArguments, usage, type Arguments } from './arguments.js';
import { loadConfig, loadModels, type Config } from './load-config.js';

/** Where a command runs. */
export interface CommandWorld {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  write(text: string): void;
  complain(text: string): void;
}

/** Runs a command line; false where it failed, after it said why. */
export async function runCommand(args: readonly string[], world: CommandWorld): Promise<boolean> {
  try {
    const parsed = readArguments(args);
    if (parsed) return await migrate(parsed, world);
    world.write(usage);
    return true;
  } catch (error) {
    world.complain(messageOf(error));
    return false;
  }
}

/** A stack is of use only where the fault is none of the user's. */
function messageOf(error: unknown): string {
  if (error instanceof MoneyclipError) return error.message;
  if (error instanceof Error && 'severity' in error) return `The database refused it: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function migrate(args: Arguments, world: CommandWorld): Promise<boolean> {
  const config = await loadConfig(world.folder, args.config);
  await loadModels(args.models, world.folder);
  await loadModels(config.models ?? [], args.config ? dirname(resolve(world.folder, args.config)) : world.folder);
  const name = args.name ?? config.name ?? 'default';
  const schema = args.schema ?? config.schema;
  const migration = captureMigration({ connection: name, ...(schema === undefined ? {} : { schema }) });
  const db = await open(args, config, world);
  try {
    return args.action === 'status' ? await tellStatus(db, migration, world) : await change(db, migration, args, world);
  } finally {
    await db.close();
  }
}

function open({ connection, name, action, models }: Arguments, config: Config, world: CommandWorld): Promise<Database> {
  const database = connection ?? config.database ?? world.environment['DATABASE_URL'];
  if (database === undefined) {
    throw new UsageError(
      'migrate: which database? Give --connection postgres://…, DATABASE_URL, or database in the config.',
    );
  }
  if (action !== 'down' && models.length === 0 && (config.models ?? []).length === 0) {
    throw new UsageError('migrate: which models? Give --models ./models.js, or models in moneyclip.config.js.');
  }
  const naming = config.naming === undefined ? {} : { naming: config.naming };
  return connect({ database, name: name ?? config.name ?? 'default', enabled: false, ...naming });
}

async function tellStatus(db: Database, migration: CaptureMigration, { write }: CommandWorld): Promise<boolean> {
  const { tables, obstacle } = await migration.status(db.knex);
  for (const { table, captured, reason } of tables) {
    write(captured ? `captured      ${table}` : notCaptured({ table, reason: reason ?? 'unknown' }));
  }
  if (tables.length === 0) write(obstacle ?? 'The modules declare no model on this connection.');
  return tables.length > 0 && tables.every(({ captured }) => captured);
}

async function change(
  db: Database,
  migration: CaptureMigration,
  args: Arguments,
  { write }: CommandWorld,
): Promise<boolean> {
  const direction = args.action === 'down' ? 'down' : 'up';
  const plan = args.dryRun ? await migration.plan(db.knex, direction) : await migration[direction](db.knex);
  write(args.dryRun ? sqlOf(plan) : doneWith(plan));
  for (const skipped of plan.skipped) write(`${args.dryRun ? '-- ' : ''}${notCaptured(skipped)}`);
  return true;
}

function notCaptured({ table, reason }: CapturePlan['skipped'][number]): string {
  return `not captured  ${table}: ${reason}`;
}

function doneWith({ statements }: CapturePlan): string {
  return statements.length === 0 ? 'Nothing to do.' : `Done: ${statements.length} statements in one transaction.`;
}

function sqlOf({ statements }: CapturePlan): string {
  if (statements.length === 0) return '-- Nothing to do.';
  return ['BEGIN;', ...statements.map((statement) => `${statement};`), 'COMMIT;'].join('\n');
}
