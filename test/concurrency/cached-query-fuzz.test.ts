import { expect } from 'chai';
import { describe, it } from 'mocha';
import { connect } from '../../src/index.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { fuzzModels } from '../support/query-fuzz-models.js';
import { QueryFuzzer } from '../support/query-fuzzer.js';
import { Random } from '../support/random.js';

/*
 * Random questions, and random writes of every kind between them: each cached answer must be what the same question
 * gets without the cache. QUERY_FUZZ_SEED repeats a run, QUERY_FUZZ_STEPS makes it longer.
 */

const steps = Number(process.env['QUERY_FUZZ_STEPS'] ?? 120);

describe('every cached query equals the same query without the cache', () => {
  for (const database of ['sqlite', 'postgres'] as const) {
    for (const cache of ['memory:', 'redis'] as const) {
      it(`after each of ${steps} random writes, on ${database} and ${cache}`, async function () {
        this.timeout(0);
        const random = Random.fromEnvironment('QUERY_FUZZ_SEED');
        const db = await connect({
          database: await freshDatabase(database),
          cache: cache === 'redis' ? await sharedRedisUrl() : cache,
          prefix: freshPrefix(),
        });
        try {
          await db.createTables(fuzzModels);
          const fuzzer = new QueryFuzzer(db, random);
          await fuzzer.run(steps);
          const { questions: all, hits, needless, needlessByTable, together } = fuzzer.precision;
          if (process.env['QUERY_FUZZ_STEPS']) {
            process.stdout.write(`${JSON.stringify({ seed: random.seed, ...fuzzer.precision })}\n`);
          }
          expect(together, 'transactions beside each other').to.be.above(database === 'sqlite' ? -1 : 0);
          expect(hits, 'answers from the cache').to.be.above(all / 10);
          expect(needless, 'answers made again in vain').to.be.below(needlessByTable);
        } finally {
          await db.close();
        }
      });
    }
  }
});
