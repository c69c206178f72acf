import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { transaction } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Article, Runs } from '../support/article-models.js';
import { connected } from '../support/connected.js';
import { frameworks, type Asking, type Serving, type Shown } from '../support/http-servers.js';

const runs = new Runs();
const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
/** Others than these two need no sockets to differ. */
const chosen = ['SQLite file, memory', 'PostgreSQL, Redis'];

const special: Readonly<Record<string, (asking: Asking) => Shown>> = {
  '/bytes': () => ({ body: bytes, headers: { 'content-type': 'image/png' } }),
  '/large': () => ({ body: 'x'.repeat(3_000) }),
  '/broken': () => ({ status: 500, body: 'broken' }),
  '/missing': () => ({ status: 404, body: `missing ${runs.of('show')}` }),
  '/login': () => ({ body: 'in', headers: { 'set-cookie': `session=${runs.of('show')}` } }),
  '/secret': () => ({ body: `secret ${runs.of('show')}`, headers: { 'cache-control': 'private' } }),
  '/never': () => ({ body: `never ${runs.of('show')}`, headers: { 'cache-control': 'no-store' } }),
  '/tagged': () => ({ body: 'tagged', headers: { etag: '"own"', 'cache-control': 'public, max-age=5' } }),
  '/language': (asking) => ({ body: asking.header('accept-language') ?? 'none' }),
  '/elsewhere': () => ({ body: 'varied', headers: { vary: 'x-mood' } }),
  '/user': (asking) => ({ body: `for ${asking.header('x-user') ?? asking.header('cookie') ?? 'anybody'}` }),
};

async function show(asking: Asking): Promise<Shown> {
  runs.note('show');
  const page = special[asking.url.pathname];
  if (page) return page(asking);
  const category = Number(asking.url.searchParams.get('category'));
  const titles = await Article.objects.filter({ category }).orderBy('id').values('title');
  return { body: `${asking.method} ${JSON.stringify(titles)}`, headers: { 'x-made': 'here' } };
}

describe('pages over real sockets', () => {
  forEachCombination((combination) => {
    if (!chosen.includes(combination.name)) return;
    connected(combination, [Article]);
    for (const [name, start] of Object.entries(frameworks)) {
      describe(name, () => {
        let serving: Serving;
        let personal: Serving;

        before(async () => {
          const options = { vary: ['Accept-Language'], maxBytes: 2_000 };
          serving = await start(`http.${name}.${combination.name}`, show, options);
          personal = await start(`http.personal.${name}.${combination.name}`, show, { private: (user) => user });
        });
        beforeEach(() => runs.reset());
        after(async () => {
          await serving.close();
          await personal.close();
        });

        const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
          fetch(serving.address + path, { headers, method, redirect: 'manual' });
        const textOf = async (path: string, headers?: Record<string, string>): Promise<string> =>
          (await ask(path, headers)).text();
        const personalText = async (headers: Record<string, string>): Promise<string> =>
          (await fetch(`${personal.address}/user`, { headers })).text();

        it('are made once, and anew after a write that concerns them', async () => {
          await Article.create({ title: 'first', category: 1 });
          const first = await ask('/list?category=1');
          expect(await first.text()).to.equal('GET [{"title":"first"}]');
          expect(first.headers.get('x-made')).to.equal('here');
          const second = await ask('/list?category=1');
          expect(await second.text()).to.equal('GET [{"title":"first"}]');
          expect(second.headers.get('x-made')).to.equal('here');
          expect(second.headers.get('etag')).to.be.a('string').and.equal(first.headers.get('etag'));
          expect(second.headers.get('cache-control')).to.equal('private, no-cache');
          expect(runs.of('show')).to.equal(1);
          await Article.create({ title: 'second', category: 1 });
          expect(await textOf('/list?category=1')).to.equal('GET [{"title":"first"},{"title":"second"}]');
          expect(runs.of('show')).to.equal(2);
        });

        it('are not sent again to who has them, until a write concerns them', async () => {
          const tag = (await ask('/list?category=1')).headers.get('etag') ?? '';
          const known = { 'if-none-match': `"other", ${tag}` };
          const same = await ask('/list?category=1', known);
          expect([same.status, await same.text(), same.headers.get('etag')]).to.deep.equal([304, '', tag]);
          expect(same.headers.get('x-made')).to.equal(null);
          await Article.create({ title: 'of others', category: 2 });
          expect((await ask('/list?category=1', known)).status).to.equal(304);
          expect(runs.of('show')).to.equal(1);
          await Article.create({ title: 'new', category: 1 });
          const changed = await ask('/list?category=1', known);
          expect([changed.status, await changed.text()]).to.deep.equal([200, 'GET [{"title":"new"}]']);
          expect(changed.headers.get('etag')).to.not.equal(tag);
          expect(runs.of('show')).to.equal(2);
        });

        it(`carry a tag made of ${name === 'Express' ? "the content, which is Express's own" : 'the stamps'}`, async () => {
          const tagOf = async (): Promise<string> => (await ask('/list?category=1')).headers.get('etag') ?? '';
          const first = await tagOf();
          const article = await Article.create({ title: 'short', category: 1 });
          await article.delete();
          const second = await tagOf();
          expect(runs.of('show')).to.equal(2);
          if (name === 'Express') expect(second, 'the same content').to.equal(first);
          else expect(second, 'the same content under other stamps').to.not.equal(first);
          expect((await ask('/list?category=1', { 'if-none-match': second })).status).to.equal(304);
          expect(runs.of('show')).to.equal(2);
        });

        it('are made whole for who has an old one, and whole for HEAD', async () => {
          const headed = await ask('/list?category=1', { 'if-none-match': '"old"' }, 'HEAD');
          expect([headed.status, await headed.text()]).to.deep.equal([200, '']);
          expect(headed.headers.get('content-length')).to.equal('6');
          const whole = await ask('/list?category=1');
          expect(await whole.text()).to.equal('GET []');
          expect(whole.headers.get('etag')).to.equal(headed.headers.get('etag'));
          expect(runs.of('show')).to.equal(1);
        });

        it('are kept by path and parameters, in whatever order', async () => {
          for (const path of ['/user?a=1&b=2', '/user?b=2&a=1', '/user?a=1', '/user?a=2', '/user', '/list?a=1&b=2']) {
            await textOf(path);
          }
          expect(runs.of('show')).to.equal(5);
        });

        it('keep bytes as they are', async () => {
          for (const _ of [1, 2]) {
            const response = await ask('/bytes');
            expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).to.equal(true);
            expect(response.headers.get('content-type')).to.equal('image/png');
          }
          expect(runs.of('show')).to.equal(1);
        });

        it('pass through where they are too large', async () => {
          for (const _ of [1, 2]) expect(await textOf('/large')).to.equal('x'.repeat(3_000));
          expect(runs.of('show')).to.equal(2);
        });

        it('are not kept where the status says so, and kept where nothing was found', async () => {
          for (const _ of [1, 2]) expect((await ask('/broken')).status).to.equal(500);
          expect(runs.of('show')).to.equal(2);
          for (const _ of [1, 2]) {
            const response = await ask('/missing');
            expect([response.status, await response.text()]).to.deep.equal([404, 'missing 3']);
          }
        });

        it('never share what is for one: cookies that are set, private and no-store', async () => {
          const cookies = await Promise.all([1, 2, 3].map(async () => (await ask('/login')).headers.get('set-cookie')));
          expect(new Set(cookies).size).to.equal(3);
          expect(new Set(await Promise.all([1, 2, 3].map(() => textOf('/secret')))).size).to.equal(3);
          expect(new Set(await Promise.all([1, 2, 3].map(() => textOf('/never')))).size).to.equal(3);
          expect(runs.of('show')).to.equal(9);
        });

        it('are not shared with who shows a cookie or credentials, nor made from them', async () => {
          expect(await textOf('/user', { cookie: 'a=1' })).to.equal('for a=1');
          expect(await textOf('/user')).to.equal('for anybody');
          expect(await textOf('/user', { cookie: 'a=2' })).to.equal('for a=2');
          await textOf('/user', { authorization: 'Basic YTpi' });
          expect(await textOf('/user')).to.equal('for anybody');
          expect(runs.of('show')).to.equal(4);
        });

        it('are kept for each user where it is said who that is', async () => {
          for (const _ of [1, 2]) {
            expect(await personalText({ cookie: 'a=1', 'x-user': 'ann' })).to.equal('for ann');
            expect(await personalText({ cookie: 'b=2', 'x-user': 'bob' })).to.equal('for bob');
            expect(await personalText({})).to.equal('for anybody');
          }
          expect(runs.of('show')).to.equal(3);
          for (const _ of [1, 2]) expect(await personalText({ cookie: 'c=3' })).to.equal('for c=3');
          expect(runs.of('show')).to.equal(5);
        });

        it('vary by the headers that are named, and only by those', async () => {
          for (const _ of [1, 2]) {
            for (const language of ['de', 'en']) {
              const response = await ask('/language', { 'accept-language': language });
              expect([await response.text(), response.headers.get('vary')]).to.deep.equal([
                language,
                'accept-language',
              ]);
            }
          }
          expect(runs.of('show')).to.equal(2);
          for (const _ of [1, 2]) expect((await ask('/elsewhere')).headers.get('vary')).to.equal('x-mood');
          expect(runs.of('show')).to.equal(4);
        });

        it('keep what the handler says of tag and cache', async () => {
          for (const _ of [1, 2]) {
            const response = await ask('/tagged');
            expect(response.headers.get('etag')).to.equal('"own"');
            expect(response.headers.get('cache-control')).to.equal('public, max-age=5');
          }
          expect((await ask('/tagged', { 'if-none-match': 'W/"own"' })).status).to.equal(304);
          expect(runs.of('show')).to.equal(1);
        });

        it('leave other methods and parts of a page to the handler', async () => {
          for (const _ of [1, 2]) expect(await (await ask('/list', {}, 'POST')).text()).to.equal('POST []');
          for (const _ of [1, 2]) expect(await textOf('/list', { range: 'bytes=0-1' })).to.equal('GET []');
          expect(runs.of('show')).to.equal(4);
        });

        it('are dropped by hand', async () => {
          await textOf('/user');
          await serving.pages.invalidateAll();
          await textOf('/user');
          expect(runs.of('show')).to.equal(2);
        });

        it('are made anew when a transaction is committed', async () => {
          await textOf('/list?category=1');
          await transaction(async () => {
            await Article.create({ title: 'new', category: 1 });
          });
          expect(await textOf('/list?category=1')).to.equal('GET [{"title":"new"}]');
        });
      });
    }
  });
});
