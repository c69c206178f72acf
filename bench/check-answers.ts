import { deepStrictEqual } from 'node:assert';
import type { ContenderSpec } from './catalogue.js';
import type { Session, Work } from './contender.js';
import { badgeOf, documentCount, documentOf, userOf, type PlainDocument } from './dataset.js';

const samples = 40;

/** Throws where a contender answers wrong values, or does not hydrate what it says it hydrates. */
export async function checkAnswers(session: Session, spec: ContenderSpec, work: Work): Promise<void> {
  const ids = Array.from({ length: samples }, (_, index) => 1 + ((index * 241) % documentCount));
  for (const id of ids) checkDocument(await session.read(id), id, spec);
  const names = ids.map((id) => userOf(documentOf(id).authorId).username);
  if (work === 'authors' || work === 'authorsInBulk') {
    deepStrictEqual(await session[work]?.(ids), names, `${spec.name}: authors`);
  }
  if (work !== 'badge') return;
  for (const id of ids) {
    deepStrictEqual(await session.badge?.(id), badgeOf(id), `${spec.name}: badge ${id}`);
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
