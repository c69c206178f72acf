import { placeOfCall } from '../compute/place.js';
import { assertDeclared } from './assert-declared.js';
import { conditionNames, type Asked } from './asked.js';
import type { Page } from './page.js';
import { PageCache, type CachedPages, type Visit } from './page-cache.js';
import type { PageOptions } from './page-options.js';
import { readBody } from './read-body.js';
import type { Recording } from './recording.js';

type Handler<Rest extends readonly unknown[]> = (request: Request, ...rest: Rest) => Response | Promise<Response>;

/** A handler that answers from the cache where it may. */
export interface CachedHandler<Rest extends readonly unknown[]> extends CachedPages {
  (request: Request, ...rest: Rest): Promise<Response>;
}

/**
 * Keeps the responses of a handler until something changes that it read through this library. GET and HEAD are answered
 * from the cache, with an ETag made of the stamps; requests with cookies or `Authorization` only with `private` or
 * `vary`. Everything else, and what must not be kept, passes through. Throws UsageError for wrong options.
 *
 * @example
 * ```ts
 * import { cachedHandler } from 'moneyclip/http';
 *
 * const page = cachedHandler('front-page', async (request: Request) => new Response(`You asked for ${request.url}`));
 * await page(new Request('http://localhost/'));
 * ```
 */
export function cachedHandler<Rest extends readonly unknown[] = []>(
  label: string,
  handler: Handler<Rest>,
  options: PageOptions<Request> = {},
): CachedHandler<Rest> {
  assertDeclared('cachedHandler', label, handler);
  const place = placeOfCall(cachedHandler);
  const pages = new PageCache({ label, where: `cachedHandler('${label}')`, place }, options);
  const handle = async (request: Request, ...rest: Rest): Promise<Response> => {
    const visit = new FetchVisit(request, (asked) => handler(asked, ...rest));
    const answer = await pages.answer(visit);
    if (!answer) return visit.passed();
    const { status, headers, body = null } = answer;
    return new Response(body && new Uint8Array(body), {
      status,
      headers: headers.map(([name, value]) => [name, value]),
    });
  };
  return Object.assign(handle, {
    label,
    invalidateAll: () => pages.invalidateAll(),
    undeclare: () => pages.undeclare(),
  });
}

class FetchVisit implements Visit<Request> {
  readonly asked: Asked<Request>;
  readonly #run: (request: Request) => Response | Promise<Response>;
  #passed: Response | undefined;

  constructor(request: Request, run: (request: Request) => Response | Promise<Response>) {
    this.#run = run;
    const { method, headers } = request;
    const { host, pathname, search } = new URL(request.url);
    this.asked = { request, method, host, target: pathname + search, header: (name) => headers.get(name) ?? undefined };
  }

  /** The response that the handler gave, where it was not kept. */
  passed(): Response {
    const response = this.#passed as Response; // one of the two below ran
    if (this.asked.method !== 'HEAD' || response.body === null) return response;
    void response.body.cancel();
    return new Response(null, response);
  }

  async pass(): Promise<void> {
    this.#passed = await this.#run(this.asked.request);
  }

  async make(recording: Recording): Promise<Page | undefined> {
    const response = await this.#run(withoutConditions(this.asked.request));
    const head = { status: response.status, headers: [...response.headers] };
    if (!recording.mayKeep(head)) return this.#giveUp(recording, response);
    const { body, rest } = await readBody(response.body, recording.maxBytes);
    return body ? recording.page(head, body) : this.#giveUp(recording, new Response(rest, response));
  }

  #giveUp(recording: Recording, response: Response): undefined {
    if (recording.isBehind) void response.body?.cancel();
    else this.#passed = response;
    return recording.giveUp();
  }
}

function withoutConditions(request: Request): Request {
  if (request.method === 'GET' && !conditionNames.some((name) => request.headers.has(name))) return request;
  const headers = new Headers(request.headers);
  for (const name of conditionNames) headers.delete(name);
  return new Request(request.url, { headers });
}
