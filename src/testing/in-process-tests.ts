import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { isInProcess, type InProcessStore } from '../store/cache-store.js';
import { Held } from '../store/held.js';
import { HeldText } from '../store/held-text.js';
import { isPromise } from '../support/awaitable.js';
import type { Bench, ContractTest } from './contract-bench.js';

class Plain extends Held {
  readonly bytes: number;

  constructor(bytes: number) {
    super();
    this.bytes = bytes;
  }
}

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
      const [key, held] = [bench.key('a'), new Plain(10)];
      store.hold(key, held);
      strictEqual(store.held(key), held);
      deepStrictEqual([store.peek(key), ...store.read([key])], [undefined, undefined]);
      await bench.write('text', '1');
      deepStrictEqual([textIn(store.held(bench.key('text'))), store.held(bench.key('none'))], ['1', undefined]);
    },
  ],
  [
    'finds what it holds under a number by the beginning of the key and the number too',
    async (bench) => {
      const store = inProcessStoreOf(bench);
      const prefix = bench.key('rows:');
      const held = [0, 7, 999_999_999].map((id) => ({ id, value: new Plain(10) }));
      for (const { id, value } of held) store.hold(prefix + String(id), value);
      for (const { id, value } of held) {
        strictEqual(store.heldAt(prefix, id), value);
        strictEqual(store.held(prefix + String(id)), value);
      }
      deepStrictEqual([store.heldAt(prefix, 8), store.heldAt(bench.key('others:'), 7)], [undefined, undefined]);
      for (const other of ['07', '-7', '7.0', '7a', '1000000000']) {
        store.hold(prefix + other, new Plain(10));
        strictEqual(store.heldAt(prefix, 7), held[1]?.value);
      }
      store.drop([`${prefix}7`]);
      strictEqual(store.heldAt(prefix, 7), undefined);
    },
  ],
  [
    'replaces and drops objects like texts, and marks them as gone for good',
    async (bench) => {
      const store = inProcessStoreOf(bench);
      const [first, second, third] = [new Plain(10), new Plain(10), new Plain(10)];
      store.hold(bench.key('a'), first);
      store.hold(bench.key('b'), second);
      await bench.write('a', 'text');
      store.drop([bench.key('b')]);
      deepStrictEqual([textIn(store.held(bench.key('a'))), store.held(bench.key('b'))], ['text', undefined]);
      const text = store.held(bench.key('a'));
      store.hold(bench.key('a'), third);
      strictEqual(store.held(bench.key('a')), third);
      strictEqual(await bench.read('a'), undefined);
      deepStrictEqual([first.gone, second.gone, text?.gone, third.gone], [true, true, true, false]);
    },
  ],
  [
    'marks a text as gone that is dropped, even if the same text comes back',
    async (bench) => {
      const store = inProcessStoreOf(bench);
      await bench.write('a', '1');
      const before = store.held(bench.key('a'));
      await bench.write('a', '1');
      const between = store.held(bench.key('a'));
      store.drop([bench.key('a')]);
      await bench.write('a', '1');
      const after = store.held(bench.key('a'));
      deepStrictEqual([before?.gone, between?.gone, after?.gone], [true, true, false]);
    },
  ],
];

function textIn(held: Held | undefined): string | undefined {
  return held instanceof HeldText ? held.text : undefined;
}

function inProcessStoreOf({ store }: Bench): InProcessStore {
  ok(isInProcess(store), 'a store in process has the method peek');
  return store;
}

/** The test for a store that does not. */
export const notInProcess: readonly ContractTest[] = [
  ['has no peek, so that nobody takes it for a store in process', async ({ store }) => ok(!isInProcess(store))],
];
