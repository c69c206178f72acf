import type { IncomingMessage, ServerResponse } from 'node:http';
import { placeOfCall } from '../compute/place.js';
import type { Answer } from './answer.js';
import { assertDeclared } from './assert-declared.js';
import { conditionNames, type Asked } from './asked.js';
import type { Page } from './page.js';
import { PageCache, type CachedPages, type Visit } from './page-cache.js';
import type { PageOptions } from './page-options.js';
import { putHeaders, RecordedResponse } from './recorded-response.js';
import type { Recording } from './recording.js';

type Next = (error?: unknown) => void;
type Handler<Req, Res, Rest extends readonly unknown[]> = (request: Req, response: Res, ...rest: Rest) => unknown;

/** A handler that answers from the cache where it may. */
export interface CachedNodeHandler<Req, Res, Rest extends readonly unknown[]> extends CachedPages {
  (request: Req, response: Res, ...rest: Rest): Promise<void>;
}

/**
 * The same as `cachedHandler` for handlers of Node, Connect and Express: `(request, response)`, or with `next`. The
 * handler writes to a response that is kept and then sent; what must not be kept goes straight to the real one. An error
 * of the handler goes to `next` where there is one, else the promise rejects.
 */
export function cachedNodeHandler<
  Req extends IncomingMessage = IncomingMessage,
  Res extends ServerResponse = ServerResponse,
  Rest extends readonly unknown[] = [],
>(label: string, handler: Handler<Req, Res, Rest>, options: PageOptions<Req> = {}): CachedNodeHandler<Req, Res, Rest> {
  assertDeclared('cachedNodeHandler', label, handler);
  const place = placeOfCall(cachedNodeHandler);
  const pages = new PageCache({ label, where: `cachedNodeHandler('${label}')`, place }, options);
  const handle = async (request: Req, response: Res, ...rest: Rest): Promise<void> => {
    const next = rest.find((one) => typeof one === 'function') as Next | undefined; // of Connect and Express
    const visit = new NodeVisit({ request, response, rest, handler });
    try {
      const answer = await pages.answer(visit);
      if (answer) send(response, answer);
      else visit.goOn();
    } catch (error) {
      if (!next) throw error;
      next(error);
    }
  };
  return Object.assign(handle, {
    label,
    invalidateAll: () => pages.invalidateAll(),
    undeclare: () => pages.undeclare(),
  });
}

interface NodeCall<Req, Res, Rest extends readonly unknown[]> {
  readonly request: Req;
  readonly response: Res;
  readonly rest: Rest;
  readonly handler: Handler<Req, Res, Rest>;
}

class NodeVisit<
  Req extends IncomingMessage,
  Res extends ServerResponse,
  Rest extends readonly unknown[],
> implements Visit<Req> {
  readonly asked: Asked<Req>;
  readonly #call: NodeCall<Req, Res, Rest>;
  /** What the handler did instead of answering: it called `next`. */
  #goOn: (() => void) | undefined;

  constructor(call: NodeCall<Req, Res, Rest>) {
    this.#call = call;
    const { request } = call;
    // NOTE: Express and Connect take the place that a handler is mounted at away from `url`
    const { method = 'GET', originalUrl, url = '/' } = request as IncomingMessage & { originalUrl?: string };
    const header = (name: string): string | undefined => headerOf(request, name);
    this.asked = { request, method, host: header('host') ?? '', target: originalUrl ?? url, header };
  }

  /** Calls `next` where the handler did. */
  goOn(): void {
    this.#goOn?.();
  }

  async pass(): Promise<void> {
    const { handler, request, response, rest } = this.#call;
    await handler(request, response, ...rest);
  }

  async make(recording: Recording): Promise<Page | undefined> {
    const { handler, request, response, rest } = this.#call;
    const asked = withoutConditions(request);
    const recorded = new RecordedResponse({ request: asked, response, recording });
    const passingOn = rest.map((one) =>
      typeof one === 'function'
        ? (...args: unknown[]) => {
            this.#goOn = () => void Reflect.apply(one, undefined, args);
            recorded.giveUp();
          }
        : one,
    );
    const answering = Promise.resolve(handler(asked, recorded.response, ...(passingOn as unknown as Rest))); // the same, wrapped
    // NOTE: a handler may answer after it has returned; one that fails never does
    await Promise.race([recorded.finished, answering.then(() => recorded.finished)]);
    return recorded.page();
  }
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** The request as a GET without conditions. NOTE: seen through a face of its own, since others may still look at the real one. */
function withoutConditions<Req extends IncomingMessage>(request: Req): Req {
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !conditionNames.includes(name)),
  );
  return Object.create(request, {
    method: { value: 'GET', writable: true, configurable: true, enumerable: true },
    headers: { value: headers, writable: true, configurable: true, enumerable: true },
  }) as Req; // which it inherits from
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.statusCode = status;
  putHeaders(response, headers);
  response.end(body);
}
