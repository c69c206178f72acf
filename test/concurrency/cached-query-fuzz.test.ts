import { expect } from 'chai';
import { describe, it } from 'mocha';
import { fuzzCombinations, fuzzRound } from '../support/query-fuzz/fuzz-round.js';
import { Random } from '../support/random.js';

/*
 * Random questions, and random writes between them: each cached answer must be what the same question gets without the
 * cache. QUERY_FUZZ_SEED repeats a run; `npm run fuzz` makes long ones.
 */

const writes = 120;
const compared = 8;

describe('every cached query equals the same query without the cache', () => {
  for (const combination of fuzzCombinations) {
    const { database, cache } = combination;
    it(`after each of ${writes} random writes, on ${database} and ${cache}`, async function () {
      this.timeout(0);
      const { seed } = Random.fromEnvironment('QUERY_FUZZ_SEED');
      const replay = `QUERY_FUZZ_SEED=${seed}`;
      const counts = await fuzzRound(combination, seed, { writes, compared, replay });
      const { comparisons, hits, needless, needlessByTable, together } = counts;
      expect(together, `transactions beside each other, ${replay}`).to.be.above(database === 'sqlite' ? -1 : 0);
      expect(hits, `answers from the cache, ${replay}`).to.be.above(comparisons / 10);
      // NOTE: on SQLite a statement of knex, which may have written anything, makes the whole cache be forgotten
      if (database === 'postgres') expect(needless, `answers made in vain, ${replay}`).to.be.below(needlessByTable);
    });
  }
});
