import type { DocumentLike, Question, Session, Work } from './contender.js';
import { documentCount, pageStarts, userCount, zipfIds } from './dataset.js';
import { requestFor } from './page.js';

/** One operation of a round; turns count up over all rounds of a process. */
type Operation = (turn: number) => unknown;

interface Asked {
  readonly work: Work;
  /** Larger than any number that an earlier round of anybody has written. */
  readonly base: number;
}

/** Documents that are read apart or in bulk in one operation. */
const listLength = 100;

const ids = zipfIds(65_536, 1);
/** What was read, so that no read can be left out as unused. */
let touched = 0;

/** What a round of the work does again and again. */
export function operationOf(session: Session, { work, base }: Asked): Operation {
  if (work === 'save') {
    const save = need(session, 'save').bind(session);
    return (turn) => save(idAt(turn), base + (turn % 1_000_000));
  }
  return (makers[work] ?? makers.read)(session);
}

const makers: Readonly<Partial<Record<Work, (session: Session) => Operation>>> & {
  readonly read: (session: Session) => Operation;
} = {
  read: (session) => async (turn) => touch(await session.read(idAt(turn))),
  miss: (session) => async (turn) => touch(await session.read(1 + (turn % documentCount))),
  authors: (session) => {
    const authors = need(session, 'authors').bind(session);
    return async (turn) => touchAll(await authors(listAt(turn)));
  },
  authorsInBulk: (session) => {
    const authors = need(session, 'authorsInBulk').bind(session);
    return async (turn) => touchAll(await authors(listAt(turn)));
  },
  badge: textOf('badge', idAt),
  list: (session) => {
    const list = need(session, 'list').bind(session);
    return async (turn) => (await list(pageAt(turn))).forEach(touch);
  },
  listAuthors: (session) => {
    const authors = need(session, 'listAuthors').bind(session);
    return async (turn) => touchAll(await authors(pageAt(turn)));
  },
  count: (session) => {
    const count = need(session, 'count').bind(session);
    return async (turn) => (touched += await count(authorAt(turn)));
  },
  all: (session) => {
    const all = need(session, 'all').bind(session);
    return async () => (await all()).forEach(touch);
  },
  compile: (session) => {
    const compile = need(session, 'compile').bind(session);
    return (turn) => {
      const { text, parameters } = compile(questionAt(turn));
      touched += text.length + parameters.length;
    };
  },
  label: textOf('label', idAt),
  labels: (session) => {
    const labels = need(session, 'labels').bind(session);
    return async (turn) => touchAll(await labels(listAt(turn)));
  },
  nested: textOf('nested', idAt),
  digest: textOf('digest', (turn) => turn), // never the same twice
  page: (session) => {
    const page = need(session, 'page').bind(session);
    return async (turn) => (touched += (await (await page(requestFor(pageAt(turn)))).text()).length);
  },
  notModified: (session) => {
    const page = need(session, 'page').bind(session);
    const etags = etagsOf(session);
    return async (turn) => {
      const after = pageAt(turn);
      const known = etags.get(after);
      const { status, headers } = await page(requestFor(after, known));
      if (known === undefined) etags.set(after, headers.get('etag') ?? '');
      else if (status !== 304) throw new Error(`status ${status} for a page that has not changed`);
    };
  },
};

const knownEtags = new WeakMap<Session, Map<number, string>>();

function etagsOf(session: Session): Map<number, string> {
  const etags = knownEtags.get(session) ?? new Map<number, string>();
  knownEtags.set(session, etags);
  return etags;
}

function textOf(
  name: 'badge' | 'label' | 'nested' | 'digest',
  argumentAt: (turn: number) => number,
): (session: Session) => Operation {
  return (session) => {
    const text = need(session, name).bind(session);
    return async (turn) => (touched += (await text(argumentAt(turn))).length);
  };
}

/** A method that the session must have. */
export function need<Name extends keyof Session>(session: Session, name: Name): NonNullable<Session[Name]> {
  const method = session[name];
  if (!method) throw new Error(`it has no ${name}()`);
  return method;
}

/** The document that a turn asks for. */
export function idAt(turn: number): number {
  return ids[turn & 65_535]!;
}

function pageAt(turn: number): number {
  return pageStarts[idAt(turn) % pageStarts.length]!;
}

function authorAt(turn: number): number {
  return 1 + (idAt(turn) % userCount);
}

/** A query that is the same in form, and asks for other values each time. */
export function questionAt(turn: number): Question {
  return { authorId: authorAt(turn), statuses: ['draft', 'published'], rating: (turn % 300) / 100 };
}

/** Documents one after the other, whose authors are all different. */
function listAt(turn: number): number[] {
  const first = (turn * 137) % (documentCount - listLength);
  return Array.from({ length: listLength }, (_, index) => first + index + 1);
}

function touch(document: DocumentLike): void {
  touched += document.id + document.title.length + (document.createdAt === undefined ? 1 : 0);
}

function touchAll(texts: readonly string[]): void {
  for (const text of texts) touched += text.length;
}
