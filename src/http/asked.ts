import { canonical } from '../compute/canonical.js';
import { hashText } from '../support/hash.js';
import type { PageRules } from './page-options.js';

/** What a request asks, whatever kind of object it is. */
export interface Asked<Req> {
  readonly request: Req;
  readonly method: string;
  readonly host: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** The value of a header, in one text; the name is in lower case. */
  header(name: string): string | undefined;
}

/** The cache answers these, and HEAD: its handler makes the whole page. */
export const conditionNames = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range'];

/** A page that may be kept. */
export interface PageKey {
  readonly text: string;
  /** Whether it is for one user only. */
  readonly isPrivate: boolean;
}

const credentials = ['authorization', 'cookie'] as const;

/** What tells the page that is asked for from all others of its label; undefined where it must not be kept. */
export function pageKeyOf<Req>(asked: Asked<Req>, rules: PageRules<Req>, where: string): PageKey | undefined {
  const { method, request } = asked;
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  if (asked.header('range') !== undefined) return undefined;
  const user = rules.private?.(request) ?? undefined;
  const isPrivate = user !== undefined;
  if (!isPrivate && credentials.some((name) => !rules.vary.includes(name) && asked.header(name) !== undefined)) {
    return undefined;
  }
  const [path = '', search = ''] = splitOnce(asked.target, '?');
  // NOTE: a handler may build links from the host; without it in the key, whoever sends a false one spoils the page of all
  const parts = [asked.host, path, parametersOf(search, rules.query), headersOf(asked, rules.vary)];
  const own = [user, rules.key?.(request)];
  return { text: `${JSON.stringify(parts)} ${canonical(own, `${where}: key and private`)}`, isPrivate };
}

/**
 * In the order of their names; what has one name stays in its order. NOTE: as they were sent, since what cannot be
 * decoded, and is not the same to every handler, must not be the same here.
 */
function parametersOf(search: string, chosen: readonly string[] | undefined): readonly string[] {
  const sent = search.split('&').filter((one) => one !== '');
  const named = sent.map((text) => ({ text, name: decoded(splitOnce(text, '=')[0] ?? '') }));
  const wanted = chosen ? named.filter(({ name }) => chosen.includes(name)) : named;
  return wanted.toSorted((one, other) => compared(one.name, other.name)).map(({ text }) => text);
}

function decoded(name: string): string {
  return [...new URLSearchParams(`${name}=`).keys()][0] ?? '';
}

function compared(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** NOTE: credentials are hashed, since keys may be readable. */
function headersOf(asked: Asked<unknown>, names: readonly string[]): readonly (string | null)[] {
  return names.map((name) => {
    const value = asked.header(name);
    if (value === undefined) return null;
    return credentials.some((one) => one === name) ? hashText(value) : value;
  });
}
