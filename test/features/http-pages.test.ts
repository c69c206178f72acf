import { expect } from 'chai';
import { after, beforeEach, describe, it } from 'mocha';
import { connect, invalidateTag, transaction } from '../../src/index.js';
import { cachedFragment, cachedHandler } from '../../src/http/index.js';
import { FlakyStore } from '../../src/testing/index.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import { forEachCombination } from '../setup/combinations.js';
import { Article, Runs } from '../support/article-models.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

const runs = new Runs();
let release: () => void = () => undefined;

const titles = cachedHandler('page.titles', async (request: Request) => {
  runs.note('titles');
  const category = Number(new URL(request.url).searchParams.get('category'));
  const all = await Article.objects.filter({ category }).orderBy('id').all();
  return new Response(all.map(({ title }) => title).join());
});
const paged = cachedHandler('page.paged', () => new Response(`${runs.note('paged')}`), {
  query: ['page'],
  key: (request) => request.headers.get('x-theme'),
  tag: (request) => `host:${new URL(request.url).host}`,
  watch: [Article],
});
const held = cachedHandler('page.held', async (request: Request) => {
  const count = runs.note('held');
  await new Promise<void>((resolve) => (release = resolve));
  const headers = { 'set-cookie': `session=${count}` };
  return new Response(request.headers.get('x-name'), request.url.endsWith('/cookie') ? { headers } : {});
});
const failing = cachedHandler('page.failing', async (): Promise<Response> => {
  runs.note('failing');
  throw new RangeError('no');
});
const streamed = cachedHandler(
  'page.streamed',
  (request: Request) => {
    runs.note('streamed');
    let left = Number(new URL(request.url).searchParams.get('chunks'));
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        left -= 1;
        const count = await Article.objects.count();
        if (left < 0) controller.close();
        else controller.enqueue(Buffer.from(`${count};`));
      },
    });
    return new Response(body, { headers: { connection: 'x-hop', 'x-hop': '1', 'keep-alive': '5', 'x-kept': '1' } });
  },
  { maxBytes: 10 },
);
const limited = cachedHandler('page.limited', (_: Request, name: string) => new Response(name), { statuses: [] });
const heading = cachedFragment('page.heading', async (category: number) => {
  const count = await Article.objects.filter({ category }).count();
  return `<h1>${count} ${runs.note('heading')}</h1>`;
});
const everything = [titles, paged, held, failing, streamed, limited, heading];

const asked = (path: string, headers: Record<string, string> = {}): Request =>
  new Request(`http://shop.test${path}`, { headers });
const text = async (response: Promise<Response>): Promise<string> => (await response).text();

describe('a cached page', () => {
  after(() => everything.forEach((one) => one.undeclare()));
  beforeEach(() => runs.reset());

  forEachCombination((combination) => {
    connected(combination, [Article]);

    it('follows what it read, and keeps its tag where nothing of that changes', async () => {
      const first = await titles(asked('/?category=1'));
      await Article.create({ title: 'other', category: 2 });
      const second = await titles(asked('/?category=1'));
      expect(second.headers.get('etag')).to.match(/^W\/"[\w-]{22}"$/);
      expect(second.headers.get('etag')).to.equal(first.headers.get('etag'));
      await Article.create({ title: 'same', category: 1 });
      const third = await titles(asked('/?category=1'));
      expect(await third.text()).to.equal('same');
      expect(third.headers.get('etag')).to.not.equal(first.headers.get('etag'));
      expect(runs.of('titles')).to.equal(2);
    });

    it('is made by each call in a transaction, which sees its own writes and stores nothing', async () => {
      await titles(asked('/?category=1'));
      await transaction(async () => {
        await Article.create({ title: 'inside', category: 1 });
        const response = await titles(asked('/?category=1'));
        expect([await response.text(), response.headers.get('etag')]).to.deep.equal(['inside', null]);
        throw new RangeError('back');
      }).catch((error: unknown) => expect(error).to.be.instanceOf(RangeError));
      expect(await text(titles(asked('/?category=1')))).to.equal('');
      expect(runs.of('titles')).to.equal(2);
    });

    it('is told apart by chosen parameters, by host and by a key, and dropped by its tags and watched models', async () => {
      const all = async (): Promise<string[]> => [
        await text(paged(asked('/?page=1&utm=a'))),
        await text(paged(asked('/?utm=b&page=1'))),
        await text(paged(asked('/?page=2'))),
        await text(paged(asked('/?page=1', { 'x-theme': 'dark' }))),
        await text(paged(new Request('http://other.test/?page=1'))),
      ];
      expect(await all()).to.deep.equal(['1', '1', '2', '3', '4']);
      await invalidateTag('host:other.test');
      expect(await all()).to.deep.equal(['1', '1', '2', '3', '5']);
      await Article.create({ title: 'any', category: 9 });
      expect(await all()).to.deep.equal(['6', '6', '7', '8', '9']);
    });

    it('is made once for all that ask at the same time', async () => {
      const all = ['ann', 'bob'].map((name) => text(held(asked('/shared', { 'x-name': name }))));
      while (runs.of('held') < 1) await new Promise(setImmediate);
      release();
      expect(await Promise.all(all)).to.deep.equal(['ann', 'ann']);
      expect(runs.of('held')).to.equal(1);
    });

    it('is not given to who waits for it where it turns out to be for one', async () => {
      const all = ['ann', 'bob'].map((name) => held(asked('/cookie', { 'x-name': name })));
      for (const count of [1, 2]) {
        while (runs.of('held') < count) await new Promise(setImmediate);
        release();
      }
      const responses = await Promise.all(all);
      expect(responses.map(({ headers }) => headers.get('set-cookie'))).to.deep.equal(['session=1', 'session=2']);
      expect(await Promise.all(responses.map((one) => one.text()))).to.deep.equal(['ann', 'bob']);
    });

    it('is no page where the handler fails', async () => {
      for (const _ of [1, 2]) await rejection(failing(asked('/')), RangeError, 'no');
      expect(runs.of('failing')).to.equal(2);
    });

    it('is read to the end where it is a stream, follows what that read, and keeps no header of the connection', async () => {
      for (const _ of [1, 2]) {
        const response = await streamed(asked('/?chunks=3'));
        expect(await response.text()).to.equal('0;0;0;');
        const { headers } = response;
        const shown = ['connection', 'x-hop', 'keep-alive', 'x-kept'].map((name) => headers.get(name));
        expect(shown).to.deep.equal([null, null, null, '1']);
      }
      expect(runs.of('streamed')).to.equal(1);
      await Article.create({ title: 'one', category: 1 });
      expect(await text(streamed(asked('/?chunks=2')))).to.equal('1;1;');
      expect(await text(streamed(asked('/?chunks=3')))).to.equal('1;1;1;');
      for (const _ of [1, 2]) expect(await text(streamed(asked('/?chunks=8')))).to.equal('1;'.repeat(8));
      expect(runs.of('streamed')).to.equal(5);
    });

    it('gives the handler what else it is called with', async () => {
      expect(await text(limited(asked('/'), 'ann'))).to.equal('ann');
      expect(await text(limited(asked('/'), 'bob'))).to.equal('bob');
    });

    it('may hold fragments that are kept on their own', async () => {
      expect(await heading(1)).to.equal('<h1>0 1</h1>');
      expect(await heading(1)).to.equal('<h1>0 1</h1>');
      await Article.create({ title: 'one', category: 1 });
      expect(await heading(1)).to.equal('<h1>1 2</h1>');
    });
  });

  it('is made by each call where the cache is off or its store is down', async () => {
    const store = new FlakyStore(new MemoryStore());
    for (const options of [{ policies: { 'page.titles': false } } as const, { cache: store }]) {
      const db = await connect({ database: 'sqlite::memory:', ...options });
      await db.createTables([Article]);
      if ('cache' in options) store.fail();
      runs.reset();
      for (const _ of [1, 2]) {
        const response = await titles(asked('/?category=1', { 'if-none-match': '*' }));
        expect([response.status, await response.text()]).to.deep.equal([200, '']);
      }
      expect(runs.of('titles')).to.equal(2);
      store.heal();
      await db.close();
    }
  });
});
