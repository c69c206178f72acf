export { CountingStore, type StoreCounts } from './counting-store.js';
export { FakeClock } from './fake-clock.js';
export { FlakyStore, type StoreOperation } from './flaky-store.js';
export type { CacheStoreContract, ContractRunner, StoreFacts } from './contract-bench.js';
export { describeCacheStore } from './store-contract.js';
