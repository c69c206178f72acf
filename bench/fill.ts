import type { Session, Work } from './contender.js';
import { documentCount, idsTo, pageStarts, userCount } from './dataset.js';
import { need } from './operations.js';
import { requestFor } from './page.js';

const together = 64;

/** Has the cache hold whatever the work reads. */
export async function fill(session: Session, work: Work): Promise<void> {
  const asked = questions[work];
  if (!asked) return session.warm(work);
  if (asked.rowsToo) await session.warm('read');
  // NOTE: twice, since a cache may store while it answers already, and keep first what the rest is made of
  for (let round = 0; round < 2; round += 1) await askAll(session, asked);
}

interface Asked {
  /** What is asked for once each. */
  readonly about: readonly number[];
  ask(session: Session, about: number): unknown;
  /** Whether rows are read besides. */
  readonly rowsToo?: boolean;
}

const nothing: Asked = { about: [], ask: () => undefined };

const questions: Readonly<Partial<Record<Work, Asked>>> = {
  list: { about: pageStarts, ask: (session, after) => need(session, 'list').call(session, after) },
  listAuthors: { about: pageStarts, ask: (session, after) => need(session, 'listAuthors').call(session, after) },
  count: { about: idsTo(userCount), ask: (session, author) => need(session, 'count').call(session, author) },
  all: nothing,
  compile: nothing,
  label: { about: idsTo(documentCount), ask: (session, id) => need(session, 'label').call(session, id) },
  labels: { about: idsTo(documentCount), ask: (session, id) => need(session, 'label').call(session, id) },
  nested: { about: idsTo(documentCount), ask: (session, id) => need(session, 'nested').call(session, id) },
  digest: { ...nothing, rowsToo: true },
  page: { about: pageStarts, ask: askPage },
  notModified: { about: pageStarts, ask: askPage },
};

async function askPage(session: Session, after: number): Promise<void> {
  await (await need(session, 'page').call(session, requestFor(after))).text();
}

async function askAll(session: Session, { about, ask }: Asked): Promise<void> {
  for (let start = 0; start < about.length; start += together) {
    await Promise.all(about.slice(start, start + together).map((one) => ask(session, one)));
  }
}
