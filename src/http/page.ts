import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { hashText } from '../support/hash.js';

/** An answer as it is kept. */
export interface Page {
  readonly status: number;
  readonly headers: readonly Header[];
  /** A text where the bytes are one in UTF-8, which is stored as it is. */
  readonly body: string | Uint8Array;
  /** Undefined where the page is not kept. */
  readonly tag: string | undefined;
}

export type Header = readonly [name: string, value: string];

const ofConnection = new Set(
  'connection, keep-alive, proxy-authenticate, proxy-authorization, proxy-connection, te, trailer, transfer-encoding, upgrade'.split(
    ', ',
  ),
);
/** Said anew with each answer. */
const ofAnswer = new Set(['date', 'age', 'content-length']);

/** What an answer becomes when it is kept under these stamps; undefined where they are not known, and it is not kept. */
export function toPage(
  { status, headers }: Pick<Page, 'status' | 'headers'>,
  body: Buffer,
  stamps: readonly string[] | undefined,
): Page {
  const named = headers.filter(([name]) => name === 'connection').flatMap(([, value]) => namesIn(value));
  const kept = headers.filter(([name]) => !ofConnection.has(name) && !ofAnswer.has(name) && !named.includes(name));
  const content = createHash('sha256')
    .update(JSON.stringify([status, kept]))
    .update(body)
    .digest('base64url');
  return {
    status,
    headers: kept,
    body: isUtf8(body) ? body.toString() : new Uint8Array(body),
    tag: stamps && tagOf(stamps, content),
  };
}

/**
 * Changes with each stamp. NOTE: with the content too, since a page that was made again at the end of its ttl may say
 * something else under the same stamps.
 */
function tagOf(stamps: readonly string[], content: string): string {
  return `W/"${hashText(`${stamps.toSorted().join(' ')} ${content}`)}"`;
}

/** The names in a header that lists some, in lower case. */
export function namesIn(value: string): readonly string[] {
  return value
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}

export function bytesOf({ body }: Page): Buffer {
  return Buffer.from(body as Uint8Array); // or a text, which makes no difference here
}
