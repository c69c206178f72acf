import { serve } from '@hono/node-server';
import express, { type Express, type Request as ExpressRequest, type Response as ExpressResponse } from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cachedHandler, cachedNodeHandler, type CachedPages, type PageOptions } from '../../src/http/index.js';

/** What a page is made from, and what it is, in every framework. */
export interface Asking {
  readonly method: string;
  readonly url: URL;
  header(name: string): string | undefined;
}

export interface Shown {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export type Show = (asking: Asking) => Promise<Shown>;

/** A server of one framework all of whose requests go to one cached handler. */
export interface Serving {
  readonly address: string;
  readonly pages: CachedPages;
  close(): Promise<void>;
}

/** What options may say without knowing the request's class. */
export interface SharedOptions extends Pick<PageOptions<never>, 'query' | 'vary' | 'maxBytes' | 'statuses'> {
  readonly private?: (user: string | undefined) => unknown;
}

type Start = (label: string, show: Show, options: SharedOptions) => Promise<Serving>;

export const frameworks: Readonly<Record<string, Start>> = {
  'node:http': async (label, show, options) => {
    const page = nodePage(label, show, options);
    return listening(
      createServer((request, response) => void page(request, response)),
      page,
    );
  },
  Express: (label, show, options) => expressServing(express(), { label, show, options }),
  "Express with app.set('etag', false)": (label, show, options) =>
    expressServing(express().set('etag', false), { label, show, options }),
  'Fastify, hijacked': async (label, show, options) => {
    const page = nodePage(label, show, options);
    const app = fastify();
    app.all('/*', (request, reply) => {
      void reply.hijack();
      return page(request.raw, reply.raw);
    });
    await app.ready();
    return listening(app.server, page);
  },
  'Fastify, by Response': async (label, show, options) => {
    const page = fetchPage(label, show, options);
    const app = fastify();
    app.all('/*', ({ method, host, url, headers }) =>
      page(new Request(`http://${host}${url}`, { method, headers: headers as Record<string, string> })),
    );
    await app.ready();
    return listening(app.server, page);
  },
  Hono: async (label, show, options) => {
    const page = fetchPage(label, show, options);
    const app = new Hono();
    app.all('/*', (context) => page(context.req.raw));
    const server = await new Promise<Server>((resolve) => {
      const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started as Server));
    });
    return listening(server, page);
  },
};

async function expressServing(
  app: Express,
  { label, show, options: { private: user, ...options } }: { label: string; show: Show; options: SharedOptions },
): Promise<Serving> {
  const handler = async (request: ExpressRequest, response: ExpressResponse): Promise<void> => {
    const { status = 200, headers = {}, body } = await show(askingOf(request));
    response.status(status).set(headers).send(body);
  };
  const page = cachedNodeHandler<ExpressRequest, ExpressResponse>(label, handler, {
    ...options,
    ...(user && { private: (request) => user(request.get('x-user')) }),
  });
  app.all('/{*path}', (request, response) => page(request, response));
  return listening(createServer(app), page);
}

function nodePage(label: string, show: Show, { private: user, ...options }: SharedOptions) {
  return cachedNodeHandler(
    label,
    async (request, response) => {
      const { status = 200, headers = {}, body } = await show(askingOf(request));
      response.writeHead(status, headers).end(body);
    },
    { ...options, ...(user && { private: (request) => user(request.headers['x-user'] as string | undefined) }) },
  );
}

function fetchPage(label: string, show: Show, { private: user, ...options }: SharedOptions) {
  return cachedHandler(
    label,
    async ({ method, url, headers: asked }) => {
      const { status, headers, body } = await show({
        method,
        url: new URL(url),
        header: (name) => asked.get(name) ?? undefined,
      });
      const bytes = typeof body === 'string' ? body : new Uint8Array(body);
      return new Response(bytes, { ...(status && { status }), ...(headers && { headers }) });
    },
    { ...options, ...(user && { private: (request) => user(request.headers.get('x-user') ?? undefined) }) },
  );
}

function askingOf(request: IncomingMessage): Asking {
  return {
    method: request.method ?? '',
    url: new URL(request.url ?? '', 'http://localhost'),
    header: (name) => request.headers[name] as string | undefined,
  };
}

async function listening(server: Server, pages: CachedPages): Promise<Serving> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    pages,
    close: async () => {
      pages.undeclare();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
