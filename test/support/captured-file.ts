import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Database as Driver } from 'better-sqlite3';
import type { Knex } from 'knex';
import { captureMigration, connect, type ConnectOptions, type Database, type ModelClass } from '../../src/index.js';
import { freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';

/** A SQLite file with the tables of some models, captured, and an open connection to it. */
export interface CapturedFile {
  readonly file: string;
  readonly db: Database;
}

export interface CapturedFileOptions extends Partial<ConnectOptions> {
  readonly journal?: 'wal' | 'delete';
}

/** A knex config for a file with a journal of one kind. Nothing in a test must outlive a power cut. */
export function fileConfig(filename: string, journal: 'wal' | 'delete' = 'wal'): Knex.Config {
  const afterCreate = (connection: Driver, done: () => void): void => {
    connection.pragma(`journal_mode = ${journal}`);
    connection.pragma('synchronous = OFF');
    done();
  };
  return { client: 'better-sqlite3', connection: { filename }, useNullAsDefault: true, pool: { afterCreate } };
}

let files = 0;

/** Makes a new SQLite file with the tables of some models and their triggers, and opens it. */
export async function capturedFile(
  folder: string,
  models: readonly ModelClass[],
  cache: 'memory' | 'redis',
  { journal = 'wal', ...options }: CapturedFileOptions = {},
): Promise<CapturedFile> {
  files += 1;
  const file = join(folder, `captured-${files}.db`);
  const database = fileConfig(file, journal);
  const setup = await connect({ database, enabled: false });
  await setup.createTables(models);
  await captureMigration({ models }).up(setup.knex);
  await setup.close();
  const store = cache === 'redis' ? await sharedRedisUrl() : 'memory:';
  const db = await connect({
    database,
    cache: store,
    prefix: freshPrefix(),
    capture: true,
    ...options,
  });
  return { file, db };
}

/** Runs SQL in the program sqlite3, as people do by hand; what begins with a dot is a command of that program. */
export function bySqliteProgram(file: string, ...statements: readonly string[]): string {
  const commands = ['.timeout 5000', ...statements.filter((each) => each.startsWith('.'))];
  const sql = statements.filter((each) => !each.startsWith('.')).join(';\n');
  const flags = ['-bail', ...commands.flatMap((command) => ['-cmd', command])];
  return execFileSync('sqlite3', [...flags, file, sql], { encoding: 'utf8' });
}
