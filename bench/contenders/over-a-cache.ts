import type { DocumentLike, Session } from '../contender.js';
import { digestIds, digestText, nearbyIds } from '../dataset.js';
import { pageOf, withEtag, type MadePage } from '../page.js';
import type { PlainDatabase } from './plain-database.js';

/** Answers what is kept under a key, else what is loaded, which is kept from then on. */
export type Keep = <T>(key: string, load: () => Promise<T>) => T | Promise<T>;

/** Lists and counts, each under a key of its own, as one writes them over a cache that knows keys and values only. */
export function listsOver(
  keep: Keep,
  database: PlainDatabase,
): Required<Pick<Session, 'list' | 'listAuthors' | 'count'>> {
  const list = (after: number): ReturnType<typeof database.documentsAfter> | DocumentRows =>
    keep(`list:${after}`, () => database.documentsAfter(after));
  return {
    list,
    listAuthors: async (after) =>
      namesOf(await keep(`along:${after}`, () => database.documentsWithAuthorsAfter(after))),
    count: (authorId) => keep(`count:${authorId}`, () => database.count(authorId)),
  };
}

type DocumentRows = Awaited<ReturnType<PlainDatabase['documentsAfter']>>;

/** The names of the authors that came along with documents. */
export function namesOf(rows: readonly { readonly username: string }[]): string[] {
  return rows.map(({ username }) => username);
}

/** Cached functions and pages, written over such a cache. */
export function functionsOver(
  keep: Keep,
  database: PlainDatabase,
): Required<Pick<Session, 'label' | 'nested' | 'digest' | 'runs' | 'page'>> {
  let runs = 0;
  const counted =
    <T>(load: () => Promise<T>): (() => Promise<T>) =>
    () => {
      runs += 1;
      return load();
    };
  const read = (id: number): DocumentLike | Promise<DocumentLike> =>
    keep<DocumentLike>(`document:${id}`, () => database.document(id));
  const label = (id: number): string | Promise<string> =>
    keep(
      `label:${id}`,
      counted(() => database.badge(id)),
    );
  const nested = async (id: number): Promise<string> => (await Promise.all(nearbyIds(id).map(label))).join('; ');
  const digest = async (number: number): Promise<string> => digestText(await Promise.all(digestIds(number).map(read)));
  const made = async (after: number): Promise<MadePage> => pageOf(await database.documentsAfter(after));
  return {
    label,
    nested: (id) => keep(`nested:${id}`, () => nested(id)),
    digest: (number) => keep(`digest:${number}`, () => digest(number)),
    runs: () => runs,
    page: async (request) => {
      const after = Number(new URL(request.url).searchParams.get('after'));
      return withEtag(request, await keep(`page:${after}`, () => made(after)));
    },
  };
}
