import { connect } from '../../../src/index.js';
import { freshDatabase, freshPrefix } from '../../setup/fresh.js';
import { sharedRedisUrl } from '../../setup/shared-servers.js';
import { Random } from '../random.js';
import { fuzzModels, fuzzPolicies } from './fuzz-models.js';
import { QueryFuzzer, type FuzzCounts, type FuzzPlan } from './query-fuzzer.js';

/** A database and a store, on which everything must hold. */
export interface FuzzCombination {
  readonly database: 'sqlite' | 'postgres';
  readonly cache: 'memory' | 'redis';
}

export const fuzzCombinations: readonly FuzzCombination[] = [
  { database: 'sqlite', cache: 'memory' },
  { database: 'sqlite', cache: 'redis' },
  { database: 'postgres', cache: 'memory' },
  { database: 'postgres', cache: 'redis' },
];

/** One run of the fuzzer on an empty database, of which the seed decides everything. Throws FuzzFailure. */
export async function fuzzRound(
  { database, cache }: FuzzCombination,
  seed: number,
  plan: FuzzPlan,
): Promise<FuzzCounts> {
  const db = await connect({
    database: await freshDatabase(database),
    cache: cache === 'redis' ? await sharedRedisUrl() : 'memory:',
    prefix: freshPrefix(),
    policies: fuzzPolicies,
  });
  try {
    await db.createTables(fuzzModels);
    return await new QueryFuzzer(db, new Random(seed), plan).run();
  } finally {
    await db.close();
  }
}
