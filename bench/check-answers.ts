import { deepStrictEqual } from 'node:assert';
import type { ContenderSpec } from './catalogue.js';
import type { Session } from './contender.js';
import { documentCount, documentOf, type PlainDocument } from './dataset.js';

const samples = 40;

/** Throws where a contender answers wrong values, or hydrates what it says it hydrates not. */
export async function checkAnswers(session: Session, spec: ContenderSpec): Promise<void> {
  for (let index = 0; index < samples; index += 1) {
    const id = 1 + ((index * 241) % documentCount);
    const expected = documentOf(id);
    const answer = (await session.read(id)) as unknown as Record<keyof PlainDocument, unknown>; // compared below
    for (const name of Object.keys(expected) as (keyof PlainDocument)[]) {
      deepStrictEqual(plain(name, answer[name]), expected[name], `${spec.name}: ${name} of document ${id}`);
    }
    if (spec.hydrates && !(answer.createdAt instanceof Date && typeof answer.meta === 'object')) {
      throw new Error(`${spec.name}: document ${id} is not hydrated`);
    }
  }
}

/** The value as the data set has it: drivers differ in how they give 64-bit numbers and SQLite's texts. */
function plain(name: keyof PlainDocument, value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (name === 'size') return String(value);
  if (name === 'published') return Boolean(value);
  return name === 'meta' && typeof value === 'string' ? JSON.parse(value) : value;
}
