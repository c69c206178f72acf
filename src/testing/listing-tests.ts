import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import type { CacheWrite } from '../store/cache-store.js';
import { shortMs, type Bench, type ContractTest } from './contract-bench.js';

/** For a store that can list what it keeps. */
export const listing: readonly ContractTest[] = [
  ['answers an empty page for a list that nothing stands in', async (bench) => deepStrictEqual(await allIn(bench), {})],
  [
    'lists what was written with a note of this list, once, by pages of any size',
    async (bench) => {
      const names = Array.from({ length: 7 }, (_, index) => `entry ${index} \u0000 {a}b`);
      await bench.store.write(names.map((name) => noted(bench, name)));
      await bench.store.write([noted(bench, names[0] ?? ''), { ...noted(bench, 'none'), note: undefined }]);
      await bench.store.write([{ ...noted(bench, 'other'), note: { list: bench.key('list!'), text: 'other' } }]);
      const expected = Object.fromEntries(names.map((name) => [bench.key(name), `note of ${name}`]));
      for (const limit of [1, 3, 7, 100]) deepStrictEqual(await allIn(bench, limit), expected);
      strictEqual(await bench.read(names[1] ?? ''), 'text', 'a listed entry is read like any other');
    },
  ],
  [
    'lists nothing that has expired',
    async (bench) => {
      await bench.store.write([noted(bench, 'long'), { ...noted(bench, 'short'), ttlMs: shortMs }]);
      await bench.outlast('short');
      const listed = await allIn(bench);
      strictEqual(listed[bench.key('long')], 'note of long');
      ok(!(bench.key('short') in listed), 'an expired entry is listed');
    },
  ],
];

function noted(bench: Bench, name: string): CacheWrite {
  return {
    key: bench.key(name),
    value: 'text',
    ttlMs: 60_000,
    note: { list: bench.key('list'), text: `note of ${name}` },
  };
}

/** Everything in the list, read by pages; a key that comes twice fails. */
async function allIn(bench: Bench, limit = 10): Promise<Record<string, string>> {
  const listed: Record<string, string> = {};
  let after: string | undefined;
  do {
    const page = await bench.store.list?.(bench.key('list'), { after, limit });
    for (const { key, text } of page?.items ?? []) {
      ok(!(key in listed), 'a key is listed twice');
      listed[key] = text;
    }
    after = page?.next;
  } while (after !== undefined);
  return listed;
}
