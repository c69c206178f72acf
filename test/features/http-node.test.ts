import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response as Answer } from 'express';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { createReadStream } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { connect, type Database } from '../../src/index.js';
import { cachedNodeHandler, type CachedPages, type PageOptions } from '../../src/http/index.js';
import { Article, Runs } from '../support/article-models.js';
import { until } from '../support/until.js';

const runs = new Runs();
const file = new URL(import.meta.url);

describe('a cached handler of Node', () => {
  let db: Database;
  let server: Server | undefined;
  let pages: CachedPages | undefined;

  before(async () => {
    db = await connect({ database: 'sqlite::memory:' });
    await db.createTables([Article]);
  });
  beforeEach(async () => {
    runs.reset();
    await db.invalidateAll();
  });
  afterEach(async () => {
    pages?.undeclare();
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
  });
  after(() => db.close());

  async function serve(listener: RequestListener): Promise<string> {
    const started = createServer(listener);
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
  }

  async function serveNode(
    handler: Parameters<typeof cachedNodeHandler>[1],
    options: PageOptions<never> = {},
  ): Promise<string> {
    const page = cachedNodeHandler('node.page', handler, options as object);
    pages = page;
    return serve((request, response) => void page(request, response));
  }

  function expressApp(handler: (request: Request, response: Answer, next: NextFunction) => unknown): express.Express {
    const page = cachedNodeHandler('node.express', handler);
    pages = page;
    const app = express();
    app.use((_, response, next) => {
      response.locals['name'] = 'ann';
      response.append('Set-Cookie', `visit=${runs.note('visit')}`).vary('Origin');
      next();
    });
    app.use('/mounted', page);
    app.use('/mounted', (_, response) => void response.send('the next'));
    app.use((error: Error, _request: Request, response: Answer, _next: NextFunction) => {
      response.status(500).send(`failed: ${error.message}`);
    });
    return app;
  }

  it('may answer after it has returned, piece by piece, in any encoding, and tells when it has finished', async () => {
    const address = await serveNode((_, response) => {
      runs.note('page');
      setImmediate(() => {
        response.on('finish', () => runs.note('finished'));
        response.writeHead(203, 'Fine', ['X-List', 'a', 'X-Other', 'b']);
        expect(response.headersSent).to.equal(true);
        response.write('c3a9', 'hex', () => runs.note('written'));
        response.end(Buffer.from('!'), () => runs.note('ended'));
        response.end('too late');
      });
    });
    for (const _ of [1, 2]) {
      const response = await fetch(address);
      expect([response.status, response.headers.get('x-list'), await response.text()]).to.deep.equal([203, 'a', 'é!']);
    }
    expect(['page', 'written', 'ended', 'finished'].map((name) => runs.of(name))).to.deep.equal([1, 1, 1, 1]);
  });

  it('may pipe, whether what comes is kept or too large for that', async () => {
    for (const maxBytes of [2 ** 20, 100]) {
      runs.reset();
      const address = await serveNode(
        async (_, response) => {
          runs.note('page');
          await pipeline(createReadStream(file, { highWaterMark: 64 }), response);
        },
        { maxBytes },
      );
      const all = [await (await fetch(address)).text(), await (await fetch(address)).text()];
      expect(all.every((text) => text.endsWith('// the end\n'))).to.equal(true);
      expect(runs.of('page')).to.equal(maxBytes === 100 ? 2 : 1);
      pages?.undeclare();
      server?.closeAllConnections();
      await new Promise((resolve) => server?.close(resolve));
    }
  });

  it('lets through at once what may have no end', async () => {
    let send: (text: string) => void = () => undefined;
    const address = await serveNode((_, response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.flushHeaders();
      send = (text) => response.end(text);
    });
    const response = await fetch(address);
    send('data: 1\n\n');
    expect(await response.text()).to.equal('data: 1\n\n');
  });

  it('is run behind an answer that is served meanwhile, and does not touch that', async () => {
    const address = await serveNode(
      async (_, response) => {
        const count = await Article.objects.count();
        if (count === 2) response.setHeader('Set-Cookie', 'a=1');
        response.end(`${count}`);
        runs.note('page');
      },
      { stale: true },
    );
    const text = async (): Promise<string> => {
      const response = await fetch(address);
      return `${await response.text()} ${response.headers.get('set-cookie') ?? ''}`;
    };
    expect(await text()).to.equal('0 ');
    for (const [served, count] of [
      ['0 ', 2],
      ['1 ', 3],
    ] as const) {
      await Article.create({ title: 'new', category: 1 });
      expect(await text()).to.equal(served);
      await until(() => runs.of('page') >= count);
    }
  });

  it('keeps its place in Express: what others hung on the response, where it is mounted, cookies of others', async () => {
    const address = await serve(
      expressApp((request, response) => {
        runs.note('page');
        response.json({ name: response.locals['name'] as string, at: request.baseUrl, url: request.url });
      }),
    );
    for (const visit of [1, 2]) {
      const response = await fetch(`${address}/mounted/a?b=1`);
      expect(await response.json()).to.deep.equal({ name: 'ann', at: '/mounted', url: '/a?b=1' });
      expect(response.headers.get('set-cookie')).to.equal(`visit=${visit}`);
      expect(response.headers.get('vary')).to.equal('Origin');
      expect(response.headers.get('content-type')).to.equal('application/json; charset=utf-8');
    }
    expect(runs.of('page')).to.equal(1);
  });

  it('may leave a request to the next', async () => {
    const address = await serve(
      expressApp((_request, _response, next) => {
        runs.note('page');
        next();
      }),
    );
    for (const _ of [1, 2]) expect(await (await fetch(`${address}/mounted`)).text()).to.equal('the next');
    expect(runs.of('page')).to.equal(2);
  });

  it('gives its errors to the next, thrown or passed on', async () => {
    const address = await serve(
      expressApp(async (request, _response, next) => {
        if (request.url.includes('thrown')) throw new RangeError('thrown');
        next(new RangeError('passed'));
      }),
    );
    for (const way of ['thrown', 'passed']) {
      const response = await fetch(`${address}/mounted/${way}`);
      expect([response.status, await response.text()]).to.deep.equal([500, `failed: ${way}`]);
    }
  });

  it('sends files with Express', async () => {
    const address = await serve(
      expressApp((_, response) => {
        runs.note('page');
        response.sendFile(file.pathname);
      }),
    );
    for (const _ of [1, 2]) {
      expect((await (await fetch(`${address}/mounted`)).text()).endsWith('// the end\n')).to.equal(true);
    }
    expect(runs.of('page')).to.equal(1);
  });
});
// the end
