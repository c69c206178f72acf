import { execFileSync, spawnSync } from 'node:child_process';
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

const program = `
  const database = new (require('better-sqlite3'))(process.argv[1], { timeout: 5000 });
  database.exec(process.argv[2]);
`;

/** Runs SQL in the program sqlite3, as people do by hand; in another process of Node where that is not installed. */
export function bySqliteProgram(file: string, ...statements: readonly string[]): void {
  const sql = statements.join(';\n');
  const { error, status, stderr } = spawnSync('sqlite3', ['-bail', '-cmd', '.timeout 5000', file, sql]);
  if (error) execFileSync(process.execPath, ['-e', program, file, sql]);
  else if (status !== 0) throw new Error(stderr.toString());
}
