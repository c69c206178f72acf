import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { shortMs, type ContractTest, type StoreFacts } from './contract-bench.js';
import { inProcess, notInProcess } from './in-process-tests.js';
import { listing } from './listing-tests.js';

const reading: readonly ContractTest[] = [
  ['answers an empty list of keys with an empty list', async ({ store }) => deepStrictEqual(await store.read([]), [])],
  ['answers undefined where there is no text', async (bench) => strictEqual(await bench.read('none'), undefined)],
  [
    'answers in the order of the keys, missing and repeated ones included',
    async (bench) => {
      await bench.write('a', '1');
      await bench.write('b', '2');
      const [a, b, none] = [bench.key('a'), bench.key('b'), bench.key('none')];
      deepStrictEqual(await bench.store.read([b, none, a, b, none]), ['2', undefined, '1', '2', undefined]);
    },
  ],
  [
    'tells an empty text from none',
    async (bench) => {
      await bench.write('empty', '');
      strictEqual(await bench.read('empty'), '');
    },
  ],
  [
    'takes keys of any characters, and keys that begin alike for different ones',
    async (bench) => {
      const names = ['a', 'a ', 'a:b', 'A', 'ä', '{tag}x', 'x{tag}', '{}', 'a\u0000', 'a\n', '__proto__', '日本', '🙂'];
      await bench.store.write(names.map((name) => ({ key: bench.key(name), value: `of ${name}`, ttlMs: 0 })));
      deepStrictEqual(
        await bench.store.read(names.map((name) => bench.key(name))),
        names.map((name) => `of ${name}`),
      );
    },
  ],
  [
    'tells callbacks what it answers, where it has a way for that',
    async (bench) => {
      await bench.write('a', '1');
      const { store } = bench;
      for (const keys of [[], [bench.key('a'), bench.key('none'), bench.key('a')]]) {
        const told = await new Promise((resolve, reject) => {
          if (store.request) store.request(keys, resolve, reject);
          else resolve(store.read(keys));
        });
        deepStrictEqual(told, await store.read(keys));
      }
    },
  ],
  [
    'hands out lists that callers may change',
    async (bench) => {
      await bench.write('a', '1');
      const keys = [bench.key('a')];
      const texts = await bench.store.read(keys);
      texts[0] = 'changed';
      keys[0] = 'changed';
      strictEqual(await bench.read('a'), '1');
    },
  ],
];

const writing: readonly ContractTest[] = [
  ['writes nothing for an empty list', async ({ store }) => strictEqual(await store.write([]), undefined)],
  [
    'replaces the text and the ttl that were there',
    async (bench) => {
      await bench.write('a', 'old', shortMs);
      await bench.write('brief', 'x', shortMs);
      await bench.write('a', 'new');
      strictEqual(await bench.read('a'), 'new');
      await bench.outlast('brief');
      strictEqual(await bench.read('a'), 'new');
    },
  ],
  [
    'keeps the last of several texts for one key',
    async (bench) => {
      const key = bench.key('a');
      await bench.store.write([
        { key, value: 'first', ttlMs: 0 },
        { key, value: 'last', ttlMs: 0 },
      ]);
      strictEqual(await bench.read('a'), 'last');
    },
  ],
  [
    'gives back every character: line ends, NUL, quotes, accents, astral planes',
    async (bench) => {
      const texts = [
        '\u0000',
        'a\u0000b',
        '\r\n',
        '"\\',
        'é',
        '\u00ff\u0100',
        '日本語',
        '🙂👩‍👩‍👧',
        '\ufeffbom',
        '\u2028',
        '{"a":[1,null]}',
      ];
      await bench.store.write(texts.map((value, index) => ({ key: bench.key(String(index)), value, ttlMs: 0 })));
      deepStrictEqual(await bench.store.read(bench.keys(texts.length)), texts);
    },
  ],
  [
    'keeps texts of 100 kB, and of 1 MB',
    async (bench) => {
      const large = `${'x\u0000é日🙂'.repeat(15_000)}end`;
      const larger = 'y'.repeat(2 ** 20);
      await bench.write('large', large);
      await bench.write('larger', larger);
      ok((await bench.read('large')) === large, 'the large text came back changed');
      ok((await bench.read('larger')) === larger, 'the larger text came back changed');
    },
  ],
];

const acquiring: readonly ContractTest[] = [
  [
    'answers an empty list of requests with an empty list',
    async ({ store }) => deepStrictEqual(await store.acquire([]), []),
  ],
  [
    'puts the text where the key is empty, and answers it',
    async (bench) => {
      strictEqual(await bench.acquire('a', 'mine'), 'mine');
      strictEqual(await bench.read('a'), 'mine');
    },
  ],
  [
    'leaves and answers a text that was there before, an empty one too',
    async (bench) => {
      await bench.write('a', 'before');
      await bench.write('empty', '');
      strictEqual(await bench.acquire('a', 'mine'), 'before');
      strictEqual(await bench.acquire('empty', 'mine'), '');
      strictEqual(await bench.read('a'), 'before');
    },
  ],
  [
    'answers in the order of the requests, held and empty keys mixed, and the first text for a repeated key',
    async (bench) => {
      await bench.write('held', 'before');
      const requests = ['new', 'held', 'other', 'new'].map((name, index) => ({
        key: bench.key(name),
        value: `mine ${index}`,
        ttlMs: 1000 * (index % 2),
      }));
      deepStrictEqual(await bench.store.acquire(requests), ['mine 0', 'before', 'mine 2', 'mine 0']);
    },
  ],
  [
    'lets exactly one of many win that acquire at the same time',
    async (bench) => {
      const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => bench.acquire('a', `text ${index}`)));
      deepStrictEqual(new Set(answers), new Set([await bench.read('a')]));
    },
  ],
  [
    'gives the new text after a drop',
    async (bench) => {
      await bench.acquire('a', 'first');
      await bench.store.drop([bench.key('a')]);
      strictEqual(await bench.acquire('a', 'second'), 'second');
      strictEqual(await bench.read('a'), 'second');
    },
  ],
  [
    'does not lengthen the life of a text that was there before',
    async (bench) => {
      await bench.acquire('a', 'first', shortMs);
      await bench.acquire('a', 'second', 3_600_000);
      await bench.outlast('a');
      strictEqual(await bench.read('a'), undefined);
    },
  ],
];

const dropping: readonly ContractTest[] = [
  ['drops nothing for an empty list', async ({ store }) => strictEqual(await store.drop([]), undefined)],
  [
    'forgets the keys that are named, and no others',
    async (bench) => {
      for (const name of ['a', 'ab', 'b']) await bench.write(name, name);
      await bench.store.drop([bench.key('a'), bench.key('b')]);
      deepStrictEqual(
        [await bench.read('a'), await bench.read('ab'), await bench.read('b')],
        [undefined, 'ab', undefined],
      );
    },
  ],
  [
    'forgets before it tells callbacks so, where it has a way for that',
    async (bench) => {
      for (const names of [[], ['a'], ['none', 'b', 'a']]) {
        for (const name of 'abc') await bench.write(name, name);
        const keys = names.map((name) => bench.key(name));
        await new Promise<void>((resolve, reject) => {
          if (bench.store.requestDrop) bench.store.requestDrop(keys, resolve, reject);
          else Promise.resolve(bench.store.drop(keys)).then(resolve, reject);
        });
        for (const name of 'abc') strictEqual(await bench.read(name), names.includes(name) ? undefined : name);
      }
    },
  ],
  [
    'takes missing and repeated keys',
    async (bench) => {
      await bench.write('a', '1');
      await bench.store.drop([bench.key('none'), bench.key('a'), bench.key('a')]);
      strictEqual(await bench.read('a'), undefined);
    },
  ],
];

const living: readonly ContractTest[] = [
  [
    'forgets a text after its ttl, whether written or acquired, and keeps one with a ttl of 0',
    async (bench) => {
      await bench.write('written', '1', shortMs);
      await bench.acquire('acquired', '2', shortMs);
      await bench.write('kept', '3');
      await bench.acquire('kept too', '4');
      await bench.outlast('written');
      await bench.outlast('acquired');
      deepStrictEqual([await bench.read('written'), await bench.read('acquired')], [undefined, undefined]);
      deepStrictEqual([await bench.read('kept'), await bench.read('kept too')], ['3', '4']);
    },
  ],
  [
    'takes a key for empty when the ttl of its text is over',
    async (bench) => {
      await bench.acquire('a', 'first', shortMs);
      await bench.outlast('a');
      strictEqual(await bench.acquire('a', 'second'), 'second');
    },
  ],
  [
    'takes a ttl that is no whole number',
    async (bench) => {
      await bench.write('a', '1', 3_600_000.4);
      strictEqual(await bench.acquire('b', '2', 3_600_000.6), '2');
      await bench.write('short', '3', 0.2);
      strictEqual(await bench.read('a'), '1');
    },
  ],
];

const exactTtl: ContractTest = [
  'keeps a text to the last millisecond of its ttl, and no longer',
  async (bench) => {
    await bench.write('a', '1', 1_000);
    await bench.advance(999);
    strictEqual(await bench.read('a'), '1');
    await bench.advance(2);
    strictEqual(await bench.read('a'), undefined);
  },
];

const many: readonly ContractTest[] = [
  [
    'takes 5,000 keys in each operation',
    async (bench) => {
      const keys = bench.keys(5_000);
      const all = keys.map((key, index) => ({ key, value: `text ${index}`, ttlMs: index % 2 ? 3_600_000 : 0 }));
      await bench.store.write(all.slice(0, 2_500));
      const acquired = await bench.store.acquire(all.map((request) => ({ ...request, value: `${request.value}!` })));
      const expected = all.map(({ value }, index) => (index < 2_500 ? value : `${value}!`));
      deepStrictEqual(acquired, expected);
      deepStrictEqual(await bench.store.read(keys), expected);
      await bench.store.drop(keys.slice(1));
      deepStrictEqual(await bench.store.read(keys), [expected[0], ...keys.slice(1).map(() => undefined)]);
      await bench.store.drop(keys);
    },
  ],
  [
    'keeps what many operations at the same time do to different keys apart',
    async (bench) => {
      const names = Array.from({ length: 100 }, (_, index) => `key ${index}`);
      const found = await Promise.all(
        names.map(async (name) => {
          await bench.write(name, `written ${name}`);
          await bench.store.drop([bench.key(`${name} other`)]);
          return bench.acquire(name, 'acquired');
        }),
      );
      deepStrictEqual(
        found,
        names.map((name) => `written ${name}`),
      );
    },
  ],
];

/** The tests for a store of which `facts` are true, by the part of the interface that they belong to. */
export function contractTests(facts: StoreFacts): Readonly<Record<string, readonly ContractTest[]>> {
  return {
    read: reading,
    write: writing,
    acquire: acquiring,
    drop: dropping,
    ttl: facts.exactTtl ? [...living, exactTtl] : living,
    'many keys': many,
    ...(facts.lists === true && { list: listing }),
    'in process': facts.inProcess ? inProcess : notInProcess,
  };
}
