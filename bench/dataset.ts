import { randomSource } from './random-source.js';

/** How many rows there are, in the database and in every cache. */
export const documentCount = 10_000;
export const userCount = 500;

/** A document as JSON has it: about 650 bytes. */
export interface PlainDocument {
  readonly id: number;
  readonly title: string;
  readonly slug: string;
  readonly body: string;
  readonly status: string;
  readonly views: number;
  readonly rating: number;
  readonly published: boolean;
  /** A 64-bit whole number in decimal. */
  readonly size: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly authorId: number;
  /** ISO text. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface PlainUser {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly joinedAt: string;
}

const words = 'amber basin cedar delta ember fjord grove harbor island jetty kelp lagoon meadow north orchard'.split(
  ' ',
);

/** The document with this number: the same in every run and every process. */
export function documentOf(id: number): PlainDocument {
  const random = randomSource(id);
  const word = (): string => words[Math.floor(random() * words.length)] ?? '';
  const text = (count: number): string => Array.from({ length: count }, word).join(' ');
  const created = Date.UTC(2020, 0, 1) + Math.floor(random() * 1e11);
  return {
    id,
    title: text(6),
    slug: `document-${id}-${word()}`,
    body: text(34),
    status: id % 3 === 0 ? 'draft' : 'published',
    views: Math.floor(random() * 100_000),
    rating: Math.round(random() * 500) / 100,
    published: id % 3 !== 0,
    size: String(2n ** 40n + BigInt(id)), // below 2 ** 53, above which SQLite's plain reads round
    meta: { language: word(), pages: Math.floor(random() * 900), tags: [word(), word()], source: { kind: word() } },
    authorId: (id % userCount) + 1,
    createdAt: new Date(created).toISOString(),
    updatedAt: new Date(created + 86_400_000).toISOString(),
  };
}

/** The user with this number. */
export function userOf(id: number): PlainUser {
  const joinedAt = new Date(Date.UTC(2019, 0, 1) + id * 3_600_000).toISOString();
  return { id, username: `user-${id}`, email: `user-${id}@example.org`, joinedAt };
}

/** The computed value of a document. */
export function badgeOf(id: number): string {
  const { title, authorId } = documentOf(id);
  return `${title} by ${userOf(authorId).username}`;
}

/** How many documents a list has. */
export const pageLength = 50;

/** The numbers of the documents in the list after this number. */
export function idsAfter(after: number): number[] {
  return Array.from({ length: pageLength }, (_, index) => after + index + 1);
}

/** What every list comes after. */
export const pageStarts: readonly number[] = Array.from(
  { length: documentCount / pageLength },
  (_, index) => index * pageLength,
);

/** How many documents each author has. */
export const documentsPerUser = documentCount / userCount;

/** The document that comes so many after this one; the first comes after the last. */
function idBeyond(id: number, steps: number): number {
  return ((id + steps - 1) % documentCount) + 1;
}

/** What the function says of a document that calls another one for it and the two after it. */
export function nestedOf(id: number): string {
  return nearbyIds(id).map(badgeOf).join('; ');
}

export function nearbyIds(id: number): number[] {
  return [0, 1, 2].map((steps) => idBeyond(id, steps));
}

/** The documents that the digest with this number reads. */
export function digestIds(number: number): number[] {
  return Array.from({ length: 10 }, (_, index) => idBeyond(1, number + index * 997));
}

/** The text of a digest of these documents. */
export function digestText(documents: readonly { readonly title: string }[]): string {
  return documents.map(({ title }) => title).join(', ');
}

/** Whole numbers from 1 to `count`. */
export function idsTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Document numbers in the order they are asked for: few very often, most hardly ever (Zipf, exponent 0.99). */
export function zipfIds(length: number, seed: number): number[] {
  const random = randomSource(seed);
  const cumulative: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= documentCount; rank += 1) cumulative.push((sum += rank ** -0.99));
  // 7,919 is a prime: popular documents lie anywhere in the table
  return Array.from({ length }, () => ((indexAbove(cumulative, random() * sum) * 7_919) % documentCount) + 1);
}

function indexAbove(cumulative: readonly number[], wanted: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cumulative[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
