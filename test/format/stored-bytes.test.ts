import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import {
  CachedModel,
  Column,
  connect,
  moneyclip,
  PrimaryKey,
  Table,
  type CacheManager,
  type CacheStore,
  type CacheWrite,
  type Database,
  type Manager,
} from '../../src/index.js';
import { decodeEntry, encodeEntry, type Entry } from '../../src/cache/entry.js';
import { FakeClock } from '../../src/testing/index.js';

@Table('format_items', { label: 'format.Item' })
class Item extends CachedModel {
  declare static objects: Manager<Item>;
  declare static cache: CacheManager<Item>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare name: string;
  @Column({ type: 'bigint' }) declare big: bigint;
  @Column({ type: 'json', nullable: true }) declare meta: unknown;
  @Column({ type: 'datetime', nullable: true }) declare soldAt: Date | null;
  @Column({ type: 'boolean' }) declare flag: boolean;

  @moneyclip('item::%s::%s', (item: Item, count: number) => [item.id, count])
  async listed(count: number): Promise<unknown> {
    return [this.name, count, new Date(0), 1n];
  }

  @moneyclip()
  async plain(): Promise<unknown> {
    return { name: this.name, others: await Item.objects.filter({ name: 'other' }).count() };
  }
}

/** Keeps texts as a server would, for a test to look at and to spoil. */
class TextStore implements CacheStore {
  readonly name = 'texts';
  readonly texts = new Map<string, string>();
  readonly ttls = new Map<string, number>();

  async read(keys: readonly string[]): Promise<(string | undefined)[]> {
    return keys.map((key) => this.texts.get(key));
  }

  async acquire(requests: readonly CacheWrite[]): Promise<(string | undefined)[]> {
    for (const request of requests) if (!this.texts.has(request.key)) this.#keep(request);
    return this.read(requests.map(({ key }) => key));
  }

  async write(entries: readonly CacheWrite[]): Promise<void> {
    for (const entry of entries) this.#keep(entry);
  }

  async drop(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.texts.delete(key);
  }

  async close(): Promise<void> {
    this.texts.clear();
  }

  #keep({ key, value, ttlMs }: CacheWrite): void {
    this.texts.set(key, value);
    this.ttls.set(key, ttlMs);
  }
}

const systemRandom = Math.random;

describe('what is stored', () => {
  let store: TextStore;
  let db: Database;

  async function open(keys: 'hashed' | 'readable'): Promise<void> {
    store = new TextStore();
    db = await connect({ database: 'sqlite::memory:', cache: store, clock: new FakeClock(), keys, prefix: 'p:' });
    await db.createTables([Item]);
    await Item.create({ name: 'ann', big: 2n ** 60n, meta: { b: 1, a: [2] }, soldAt: new Date(0), flag: true });
  }

  async function stored(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** The text under a key, each stamp in it replaced by the key that it stands under. */
  function textOf(key: string): string {
    let text = store.texts.get(key) ?? `nothing; there is ${[...store.texts.keys()].join(', ')}`;
    for (const [name, stamp] of store.texts) if (name.startsWith('{')) text = text.replace(stamp, `<${name.slice(4)}>`);
    return text;
  }

  beforeEach(() => {
    Math.random = () => 0.5;
  });

  afterEach(async () => {
    Math.random = systemRandom;
    await db.close();
  });

  for (const [style, keys] of [
    [
      'hashed',
      {
        row: 'p:t7Z2t8DVEj:1',
        missing: 'p:t7Z2t8DVEj:99',
        unique: 'p:key:t7Z2t8DVEj:J84Jwq8BDP3fauB7qusd4w',
        listed: 'p:value:5LMnB4YFkKGGgHNpohkflg',
        plain: 'p:value:SS1DC-Ijvh4gPdTARLKK5A',
      },
    ],
    [
      'readable',
      {
        row: 'p:row:format.Item:t7Z2t8DVEj:1',
        missing: 'p:row:format.Item:t7Z2t8DVEj:99',
        unique: 'p:key:t7Z2t8DVEj:name=ann',
        listed: 'p:value:format.Item.listed t7Z2t8DVEj item::%s::%s["1","7"]',
        plain: 'p:value:format.Item.plain t7Z2t8DVEj format.Item.plain::%s(%s)["1",""]',
      },
    ],
  ] as const) {
    it(`has exactly these bytes under ${style} keys`, async () => {
      await open(style);
      const item = await Item.cache.get(1);
      await Item.cache.find(99);
      await Item.cache.get({ name: 'ann' });
      await item.listed(7);
      await item.plain();
      await stored();
      expect(textOf(keys.row)).to.equal(
        '[2,1704067200000,3600000,0,"<s:r:format_items:1> <s:b:format_items> <epoch>",0,[1,"ann","1152921504606846976","{\\"a\\":[2],\\"b\\":1}",0,true]]',
      );
      expect(textOf(keys.missing)).to.equal(
        '[2,1704067200000,60000,0,"<s:r:format_items:99> <s:b:format_items> <epoch>",0,null]',
      );
      expect(textOf(keys.unique)).to.equal(
        '[2,1704067200000,3600000,0,"<s:cm:format_items:name=ann> <s:v:format_items> <epoch>",0,1]',
      );
      expect(textOf(keys.listed)).to.equal(
        '[2,1704067200000,3600000,0,"<s:k:item::%s::%s["1","7"]> <s:l:format.Item.listed> <epoch> <s:r:format_items:1> <s:b:format_items>",' +
          '"r:format_items:1\x7fb:format_items",["devalue","[[1,2,3,4],\\"ann\\",7,[\\"Date\\",\\"1970-01-01T00:00:00.000Z\\"],[\\"BigInt\\",\\"1\\"]]"]]',
      );
      expect(textOf(keys.plain)).to.equal(
        '[2,1704067200000,3600000,0,"<s:k:format.Item.plain::%s(%s)["1",""]> <s:l:format.Item.plain> <epoch> <s:r:format_items:1> <s:b:format_items> <s:cm:format_items:name=other> <s:v:format_items>",' +
          '"r:format_items:1\x7fb:format_items\x7fcm:format_items:name=other\x7fv:format_items",["json",{"name":"ann","others":0}]]',
      );
    });
  }

  it('are stamps of 12 characters; those of rows and values may be let go, those of tables are kept', async () => {
    await open('hashed');
    await (await Item.cache.get(1)).plain();
    await stored();
    const stamps = [...store.texts].filter(([key]) => key.startsWith('{'));
    for (const [key, stamp] of stamps) expect(stamp, key).to.match(/^[\w-]{12}$/);
    expect(Object.fromEntries(stamps.map(([key]) => [key, store.ttls.get(key)]))).to.deep.equal({
      '{p:}epoch': 0,
      '{p:}s:r:format_items:1': 7_200_000,
      '{p:}s:b:format_items': 0,
      '{p:}s:v:format_items': 0,
      '{p:}s:k:format.Item.plain::%s(%s)["1",""]': 7_200_000,
      '{p:}s:l:format.Item.plain': 0,
      '{p:}s:cm:format_items:name=other': 7_200_000,
    });
  });

  describe('by others under our keys', () => {
    const foreign: readonly (readonly [string, (text: string) => string])[] = [
      ['an empty text', () => ''],
      ['a truncated entry', (text) => text.slice(0, -1)],
      ['half an entry', (text) => text.slice(0, text.length / 2)],
      ['an entry with something behind it', (text) => `${text}]`],
      ['an entry of another version', (text) => text.replace('[2,', '[1,')],
      ['an entry with a part too many', (text) => text.replace(/\]$/, ',0]')],
      ['an entry with a part too few', (text) => text.replace(',0,[', ',[')],
      ['text', () => 'hello'],
      ['other JSON', () => '{"a":1}'],
      ['null', () => 'null'],
      ['an array of our length with other types', () => '[2,"a","b","c",1,2,3]'],
      ['bytes that are no UTF-8', () => Buffer.from([0x5b, 0x31, 0x2c, 0xff, 0xfe]).toString('latin1')],
      ['a row with a column too few', (text) => text.replace(',true]]', ']]')],
      ['a row with a column too many', (text) => text.replace(',true]]', ',true,1]]')],
      ['a payload that is no row', (text) => text.replace(/0,\[1,.*$/, '0,"row"]')],
    ];

    for (const [what, spoil] of foreign) {
      it(`${what} is a miss, and is replaced`, async () => {
        await open('readable');
        const key = [...(await keysAfter(() => Item.cache.get(1)))].find((name) => name.startsWith('p:row:')) ?? '';
        const good = store.texts.get(key) ?? '';
        store.texts.set(key, spoil(good));
        const { statements } = db.stats();
        const item = await Item.cache.get(1);
        expect(item.toJSON()).to.deep.include({ id: 1, name: 'ann', flag: true });
        expect(db.stats().statements - statements).to.equal(1);
        await stored();
        expect(store.texts.get(key)).to.equal(good);
      });
    }

    it('a computed value that cannot be read is a miss', async () => {
      await open('readable');
      const item = await Item.cache.get(1);
      const names = await keysAfter(() => item.listed(7));
      const key = [...names].find((name) => name.startsWith('p:value:')) ?? '';
      const good = store.texts.get(key) ?? '';
      const value = await item.listed(7);
      for (const payload of ['["devalue","[["]', '["devalue",5]', '["other",1]', '[]', '5', 'null']) {
        store.texts.set(key, good.replace(/\["devalue".*$/, `${payload}]`));
        expect(await item.listed(7), payload).to.deep.equal(value);
        await stored();
        expect(store.texts.get(key), payload).to.equal(good);
      }
    });

    it('a stamp of others is a stamp: nothing that was stored under another one is a hit', async () => {
      await open('readable');
      await keysAfter(() => Item.cache.get(1));
      store.texts.set('{p:}s:r:format_items:1', 'x');
      expect((await Item.cache.explain(1)).state).to.equal('miss');
      expect((await Item.cache.get(1)).name).to.equal('ann');
    });

    it('is reported, without its text', async () => {
      await open('readable');
      const key = [...(await keysAfter(() => Item.cache.get(1)))].find((name) => name.startsWith('p:row:')) ?? '';
      store.texts.set(key, 'secret');
      const events: unknown[] = [];
      const note = (event: unknown): unknown => events.push(event);
      subscribe('moneyclip:cache', note);
      await Item.cache.get(1).finally(() => unsubscribe('moneyclip:cache', note));
      expect(events[0]).to.deep.equal({ label: 'store', outcome: 'miss', reason: 'an entry could not be read' });
      expect(JSON.stringify(events)).to.not.include('secret');
    });

    async function keysAfter(task: () => Promise<unknown>): Promise<Set<string>> {
      await task();
      await stored();
      return new Set(store.texts.keys());
    }
  });

  it('is read back as it was written', async () => {
    await open('hashed');
    const entry: Entry = {
      createdAt: 5,
      expiresAt: 15,
      costMs: 1.5,
      softExpiresAt: undefined,
      stamps: ['a', 'b'],
      dependencies: ['r:x:1'],
      payload: [null, 'x'],
    };
    const others = [
      { ...entry, dependencies: undefined },
      { ...entry, dependencies: [] },
      { ...entry, dependencies: ['c:x:a=\n', 'l:ä🙂'] },
      { ...entry, dependencies: ['l:a\x7fb', 'l:c'] },
      { ...entry, softExpiresAt: 9 },
    ];
    for (const written of [entry, ...others]) {
      const read = decodeEntry(encodeEntry(written));
      const { stamps, dependencies } = read ?? {};
      expect(Object.assign({}, read, { stamps, dependencies })).to.deep.equal(written);
    }
  });

  it('changes its keys with the columns of the model, so that no old row is ever read as a new one', async () => {
    await open('readable');
    await Item.cache.get(1);
    await stored();
    const old = [...store.texts.keys()].filter((name) => name.startsWith('p:row:'));

    @Table('format_items', { label: 'format.Item' })
    class Renewed extends CachedModel {
      declare static cache: CacheManager<Renewed>;
      @PrimaryKey() declare id: number;
      @Column({ type: 'string', unique: true }) declare name: string;
    }
    expect((await Renewed.cache.get(1)).name).to.equal('ann');
    await stored();
    const keys = [...store.texts.keys()].filter((name) => name.startsWith('p:row:'));
    expect(keys).to.have.length(2);
    expect(keys).to.include.members(old);
  });
});
