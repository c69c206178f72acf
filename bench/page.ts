import { createHash } from 'node:crypto';
import type { DocumentLike } from './contender.js';

/** The body of a page and what it is told apart by, made as frameworks make it: of the body. */
export interface MadePage {
  readonly body: string;
  readonly etag: string;
}

/** The request for the page of documents after this number; with an ETag, for what has changed since then. */
export function requestFor(after: number, etag?: string): Request {
  return new Request(`http://bench.test/documents?after=${after}`, {
    headers: etag === undefined ? {} : { 'if-none-match': etag },
  });
}

/** What a page says of documents. */
export function bodyOf(documents: readonly Pick<DocumentLike, 'id' | 'title'>[]): string {
  return JSON.stringify(documents.map(({ id, title }) => ({ id, title })));
}

export function pageOf(documents: readonly DocumentLike[]): MadePage {
  const body = bodyOf(documents);
  return { body, etag: `"${createHash('sha1').update(body).digest('base64url')}"` };
}

/** The page, or that the asker has it already. */
export function withEtag(request: Request, { body, etag }: MadePage): Response {
  const headers = { 'content-type': 'application/json', etag };
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
  return new Response(body, { headers });
}
