import { bytesOf, namesIn, type Header, type Page } from './page.js';

/** How a page is answered to one request. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly Header[];
  /** Undefined where the answer has none. */
  readonly body: Buffer | undefined;
}

/** The conditions and the kind of one request. */
export interface Wanted {
  readonly isHead: boolean;
  /** The header `If-None-Match`. */
  readonly known: string | undefined;
}

/** What “not modified” repeats of the page. */
const repeated = new Set(['cache-control', 'content-location', 'etag', 'expires', 'vary']);
const withoutBody = new Set([204, 205, 304]);

/** The answer of a page: whole, without its body, or that the asker has it already. */
export function answerOf(page: Page, { isHead, known }: Wanted, vary: readonly string[]): Answer {
  const headers = headersOf(page, vary);
  const tag = headers.find(([name]) => name === 'etag')?.[1];
  if (page.status === 200 && tag !== undefined && known !== undefined && isKnown(tag, known)) {
    return { status: 304, headers: headers.filter(([name]) => repeated.has(name)), body: undefined };
  }
  if (withoutBody.has(page.status)) return { status: page.status, headers, body: undefined };
  const body = bytesOf(page);
  const sized = [...headers, ['content-length', String(body.length)] as const];
  return { status: page.status, headers: sized, body: isHead ? undefined : body };
}

function headersOf(page: Page, vary: readonly string[]): Header[] {
  const headers = page.headers.filter(([name]) => name !== 'vary');
  const has = (wanted: string): boolean => headers.some(([name]) => name === wanted);
  if (page.tag !== undefined && !has('etag')) headers.push(['etag', page.tag]);
  if (!has('cache-control')) headers.push(['cache-control', 'private, no-cache']);
  const said = page.headers.filter(([name]) => name === 'vary').flatMap(([, value]) => namesIn(value));
  const all = new Set([...said, ...vary]);
  if (all.size > 0) headers.push(['vary', [...all].join(', ')]);
  return headers;
}

/** Whether a tag is among those that the asker knows. Weakly compared: `W/` makes no difference. */
function isKnown(tag: string, known: string): boolean {
  if (known.trim() === '*') return true;
  const tags: readonly string[] = known.match(/"[^"]*"/g) ?? [];
  return tags.includes(tag.replace(/^W\//, ''));
}
