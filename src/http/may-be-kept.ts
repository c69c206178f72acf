import { namesIn, type Header } from './page.js';
import type { PageRules } from './page-options.js';

/** The head of an answer. */
export interface Head {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: readonly Header[];
}

/** Whether an answer with this head may be given to everybody who asks under the same key. */
export function mayBeKept(
  { status, headers }: Head,
  rules: Pick<PageRules<never>, 'statuses' | 'vary'>,
  isPrivate: boolean,
): boolean {
  if (!rules.statuses.includes(status)) return false;
  const forbids = (name: string, value: string): boolean => {
    switch (name) {
      case 'set-cookie':
      case 'content-range':
        return true;
      case 'cache-control':
        return directivesIn(value).some((one) => one === 'no-store' || (one === 'private' && !isPrivate));
      case 'vary':
        return namesIn(value).some((one) => !rules.vary.includes(one));
      case 'content-type':
        return value.startsWith('text/event-stream'); // may have no end
      default:
        return false;
    }
  };
  return !headers.some(([name, value]) => forbids(name, value));
}

/** NOTE: `private="x-user"` forbids only a header, but few know how to keep the rest; it counts for the whole. */
function directivesIn(value: string): readonly string[] {
  return namesIn(value).map((directive) => directive.replace(/\s*=.*$/, ''));
}
