import createKnex from 'knex';
import { captureMigration, connect, type ConnectOptions, type Database, type ModelClass } from '../../src/index.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';

/** A PostgreSQL database with the tables of some models, captured. */
export interface CapturedDatabase {
  readonly url: string;
  readonly db: Database;
}

/** Opens a new database with the tables of some models, before the capture of others' changes is set up. */
export async function uncapturedDatabase(models: readonly ModelClass[]): Promise<string> {
  const url = await freshDatabase('postgres');
  await createTables(url, models);
  return url;
}

/** Makes the tables of some models in a database and their triggers. */
export async function createCaptured(url: string, models: readonly ModelClass[]): Promise<void> {
  await createTables(url, models);
  await migrateUp(url, models);
}

async function createTables(url: string, models: readonly ModelClass[]): Promise<void> {
  const db = await connect({ database: url, enabled: false });
  await db.createTables(models);
  await db.close();
}

/** Makes the triggers of some models in a database. */
export async function migrateUp(url: string, models: readonly ModelClass[]): Promise<void> {
  const knex = createKnex({ client: 'pg', connection: url, pool: { min: 0, max: 1 } });
  try {
    await captureMigration({ models }).up(knex);
  } finally {
    await knex.destroy();
  }
}

/** Opens a new database with the tables of some models and their triggers, and listens to it. */
export async function capturedDatabase(
  models: readonly ModelClass[],
  cache: 'memory' | 'redis',
  options: Partial<ConnectOptions> = {},
): Promise<CapturedDatabase> {
  const url = await freshDatabase('postgres');
  await createCaptured(url, models);
  const store = cache === 'redis' ? await sharedRedisUrl() : 'memory:';
  const db = await connect({
    database: url,
    cache: store,
    prefix: freshPrefix(),
    capture: { pollMs: 10 },
    ...options,
  });
  return { url, db };
}
