import { connect, type ConnectOptions, type Database, type ModelClass } from '../../src/index.js';
import { schemaOf } from '../../src/schema/schema-of.js';
import type { OpenCombination } from '../setup/combinations.js';

/**
 * Opens a connection with the tables of some models before the tests of a suite, makes both tables and cache empty
 * before each of them, and closes it at the end. Models come after those they point at.
 */
export function connected(
  combination: OpenCombination,
  models: readonly ModelClass[],
  options: Partial<ConnectOptions> = {},
): () => Database {
  let db: Database | undefined;
  before(async () => {
    const [database, cache] = await Promise.all([combination.databaseUrl(), combination.cacheUrl()]);
    db = await connect({ database, cache, prefix: combination.freshPrefix(), ...options });
    await db.createTables(models);
  });
  beforeEach(async () => {
    for (const model of models.toReversed()) await opened(db).knex(schemaOf(model).table).delete();
    await opened(db).invalidateAll();
  });
  after(() => db?.close());
  return () => opened(db);
}

function opened(db: Database | undefined): Database {
  if (!db) throw new Error('The connection is there in tests and hooks only.');
  return db;
}
