import { Bench, type CacheStoreContract, type ContractRunner, type ContractTest } from './contract-bench.js';
import { contractTests } from './contract-tests.js';

/** Defines the tests that every {@link CacheStore} must pass. */
export function describeCacheStore(contract: CacheStoreContract): void {
  const { describe, it } = contract.runner ?? globalRunner();
  describe(`${contract.name} as a cache store`, () => {
    for (const [group, tests] of Object.entries(contractTests(contract.facts))) {
      describe(group, () => {
        for (const [name, body] of tests) it(name, () => runTest(contract, body));
      });
    }
  });
}

async function runTest(contract: CacheStoreContract, body: ContractTest[1]): Promise<void> {
  const store = await contract.open();
  try {
    await body(new Bench(store, contract));
  } finally {
    await store.close();
  }
}

function globalRunner(): ContractRunner {
  const { describe, it } = globalThis as Partial<ContractRunner>; // where a runner has put them, if it has
  if (describe && it) return { describe, it };
  throw new Error("describeCacheStore found no global 'describe' and 'it': give them as { runner: { describe, it } }");
}
