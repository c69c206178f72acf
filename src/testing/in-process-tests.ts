import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { isInProcess, type InProcessStore } from '../store/cache-store.js';
import { isPromise } from '../support/awaitable.js';
import type { Bench, ContractTest } from './contract-bench.js';

/** The tests for a store that answers at once. */
export const inProcess: readonly ContractTest[] = [
  [
    'answers at once, and the same by peek',
    async (bench) => {
      await bench.write('a', '1');
      const store = inProcessStoreOf(bench);
      const answers = [store.read([bench.key('a')]), store.acquire([]), store.write([]), store.drop([])];
      ok(!answers.some((answer: unknown) => isPromise(answer)), 'a store in process answers without a promise');
      deepStrictEqual([store.peek(bench.key('a')), store.peek(bench.key('none'))], ['1', undefined]);
    },
  ],
  [
    'holds objects as they are, which read and peek do not show',
    async (bench) => {
      const store = inProcessStoreOf(bench);
      const [key, value] = [bench.key('a'), { any: 'object' }];
      store.hold(key, value, { bytes: 10, ttlMs: 0 });
      strictEqual(store.held(key), value);
      deepStrictEqual([store.peek(key), ...store.read([key])], [undefined, undefined]);
      await bench.write('text', '1');
      deepStrictEqual([store.held(bench.key('text')), store.held(bench.key('none'))], ['1', undefined]);
    },
  ],
  [
    'replaces and drops objects like texts',
    async (bench) => {
      const store = inProcessStoreOf(bench);
      for (const name of ['a', 'b']) store.hold(bench.key(name), {}, { bytes: 10, ttlMs: 0 });
      await bench.write('a', 'text');
      store.drop([bench.key('b')]);
      deepStrictEqual([store.held(bench.key('a')), store.held(bench.key('b'))], ['text', undefined]);
      const value = {};
      store.hold(bench.key('a'), value, { bytes: 10, ttlMs: 0 });
      strictEqual(store.held(bench.key('a')), value);
      strictEqual(await bench.read('a'), undefined);
    },
  ],
];

function inProcessStoreOf({ store }: Bench): InProcessStore {
  ok(isInProcess(store), 'a store in process has the method peek');
  return store;
}

/** The test for a store that does not. */
export const notInProcess: readonly ContractTest[] = [
  ['has no peek, so that nobody takes it for a store in process', async ({ store }) => ok(!isInProcess(store))],
];
