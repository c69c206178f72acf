import { deepStrictEqual } from 'node:assert';
import pg from 'pg';
import type { ContenderSpec } from './catalogue.js';
import type { Question, Session, Work, World } from './contender.js';
import {
  badgeOf,
  digestIds,
  digestText,
  documentCount,
  documentOf,
  documentsPerUser,
  idsAfter,
  idsTo,
  nestedOf,
  pageStarts,
  userCount,
  userOf,
  type PlainDocument,
} from './dataset.js';
import { questionAt } from './operations.js';
import { bodyOf, requestFor } from './page.js';

const samples = 40;

/** Throws where a contender answers wrong values, or does not hydrate what it says it hydrates. */
export async function checkAnswers(opened: Omit<Checked, 'ids'>, work: Work): Promise<void> {
  const { session, spec } = opened;
  const ids = Array.from({ length: samples }, (_, index) => 1 + ((index * 241) % documentCount));
  for (const id of ids) checkDocument(await session.read(id), id, spec);
  await checks[work]?.({ ...opened, ids });
}

interface Checked {
  readonly session: Session;
  readonly spec: ContenderSpec;
  readonly world: World;
  readonly ids: readonly number[];
}

const checks: Readonly<Partial<Record<Work, (checked: Checked) => Promise<void>>>> = {
  authors: checkAuthors('authors'),
  authorsInBulk: checkAuthors('authorsInBulk'),
  badge: checkTexts('badge', badgeOf),
  label: checkTexts('label', badgeOf),
  nested: checkTexts('nested', nestedOf),
  digest: checkTexts('digest', (number) => digestText(digestIds(number).map(documentOf))),
  labels: async ({ session, spec, ids }) => {
    deepStrictEqual(await session.labels?.(ids), ids.map(badgeOf), `${spec.name}: labels`);
  },
  list: async ({ session, spec }) => {
    for (const after of someStarts) checkDocuments(await session.list?.(after), idsAfter(after), spec);
  },
  listAuthors: async ({ session, spec }) => {
    for (const after of someStarts) {
      deepStrictEqual(
        await session.listAuthors?.(after),
        idsAfter(after).map(authorOf),
        `${spec.name}: after ${after}`,
      );
    }
  },
  count: async ({ session, spec }) => {
    for (const author of idsTo(userCount)) {
      deepStrictEqual(await session.count?.(author), documentsPerUser, `${spec.name}: documents of author ${author}`);
    }
  },
  all: async ({ session, spec }) => checkDocuments(await session.all?.(), idsTo(documentCount), spec),
  compile: checkCompiled,
  page: checkPages,
  notModified: checkPages,
};

const someStarts = pageStarts.filter((_, index) => index % 10 === 0);

function authorOf(id: number): string {
  return userOf(documentOf(id).authorId).username;
}

function checkAuthors(name: 'authors' | 'authorsInBulk'): (checked: Checked) => Promise<void> {
  return async ({ session, spec, ids }) =>
    deepStrictEqual(await session[name]?.(ids), ids.map(authorOf), `${spec.name}: authors`);
}

function checkTexts(
  name: 'badge' | 'label' | 'nested' | 'digest',
  textOf: (id: number) => string,
): (checked: Checked) => Promise<void> {
  return async ({ session, spec, ids }) => {
    for (const id of ids) deepStrictEqual(await session[name]?.(id), textOf(id), `${spec.name}: ${name} ${id}`);
  };
}

function checkDocuments(documents: readonly object[] | undefined, ids: readonly number[], spec: ContenderSpec): void {
  deepStrictEqual(documents?.length, ids.length, `${spec.name}: length of a list`);
  ids.forEach((id, index) => checkDocument(documents?.[index] ?? {}, id, spec));
}

/** What a query says is asked of the database. */
async function checkCompiled({ session, spec, world }: Checked): Promise<void> {
  const client = new pg.Client(world.postgresUrl);
  await client.connect();
  for (const turn of idsTo(samples)) {
    const question = questionAt(turn);
    const { text, parameters } = session.compile?.(question) ?? { text: '', parameters: [] };
    const { rows } = await client.query({ text, values: [...parameters], rowMode: 'array' });
    const found = rows.map(([id]: unknown[]) => id);
    deepStrictEqual(found, answerTo(question), `${spec.name}: ${text}`);
  }
  await client.end();
}

function answerTo({ authorId, statuses, rating }: Question): readonly number[] {
  return idsTo(documentCount)
    .filter((id) => (id % userCount) + 1 === authorId)
    .map(documentOf)
    .filter((document) => statuses.includes(document.status) && document.rating >= rating)
    .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
    .slice(0, 10)
    .map(({ id }) => id);
}

async function checkPages({ session, spec }: Checked): Promise<void> {
  for (const after of someStarts) {
    const response = await session.page?.(requestFor(after));
    const documents = idsAfter(after).map(documentOf);
    deepStrictEqual(await response?.text(), bodyOf(documents), `${spec.name}: page after ${after}`);
    const again = await session.page?.(requestFor(after, response?.headers.get('etag') ?? ''));
    deepStrictEqual(again?.status, 304, `${spec.name}: page after ${after}, asked for with its ETag`);
  }
}

function checkDocument(document: object, id: number, spec: ContenderSpec): void {
  const answer = document as Record<keyof PlainDocument, unknown>; // compared here
  const expected = documentOf(id);
  for (const name of Object.keys(expected) as (keyof PlainDocument)[]) {
    // other rounds write the views
    if (name === 'views') deepStrictEqual(typeof answer[name], 'number', `${spec.name}: views of document ${id}`);
    else deepStrictEqual(plain(name, answer[name]), expected[name], `${spec.name}: ${name} of document ${id}`);
  }
  if (spec.hydrates && !(answer.createdAt instanceof Date && typeof answer.meta === 'object')) {
    throw new Error(`${spec.name}: document ${id} is not hydrated`);
  }
}

/** The value as the data set has it: drivers differ in how they give 64-bit numbers and SQLite's texts. */
function plain(name: keyof PlainDocument, value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (name === 'size') return String(value);
  if (name === 'published') return Boolean(value);
  return name === 'meta' && typeof value === 'string' ? JSON.parse(value) : value;
}
