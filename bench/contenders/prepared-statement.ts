import SqliteDatabase from 'better-sqlite3';
import type { DocumentLike, Session, World } from '../contender.js';
import { pageLength } from '../dataset.js';
import { pageOf, withEtag } from '../page.js';
import { namesOf } from './over-a-cache.js';
import { PlainDatabase } from './plain-database.js';

/** The database without a cache: `postgres` by named statements, `sqlite` by prepared ones. */
export function open(world: World, variant: string): Promise<Session> {
  return variant === 'sqlite' ? openSqlite(world) : openPostgres(world);
}

async function openPostgres({ postgresUrl }: World): Promise<Session> {
  const database = new PlainDatabase(postgresUrl);
  return {
    warm: async () => undefined,
    forget: async () => undefined,
    read: (id) => database.document(id),
    authors: (ids) =>
      Promise.all(ids.map(async (id) => (await database.user((await database.document(id)).authorId)).username)),
    authorsInBulk: async (ids) => {
      const documents = new Map((await database.documents(ids)).map((row) => [row.id, row]));
      const authorIds = ids.map((id) => documents.get(id)!.authorId);
      const users = new Map((await database.users(authorIds)).map((row) => [row.id, row]));
      return authorIds.map((id) => users.get(id)!.username);
    },
    list: (after) => database.documentsAfter(after),
    listAuthors: async (after) => namesOf(await database.documentsWithAuthorsAfter(after)),
    count: (authorId) => database.count(authorId),
    all: () => database.all(),
    page: async (request) => {
      const after = Number(new URL(request.url).searchParams.get('after'));
      return withEtag(request, pageOf(await database.documentsAfter(after)));
    },
    badge: (id) => database.badge(id),
    save: (id, views) => database.setViews(id, views),
    statements: () => database.statements,
    close: () => database.close(),
  };
}

async function openSqlite({ sqliteFile }: World): Promise<Session> {
  const file = new SqliteDatabase(sqliteFile);
  const columns =
    'id, title, slug, body, status, views, rating, published, size, meta, author_id AS "authorId", ' +
    'created_at AS "createdAt", updated_at AS "updatedAt"';
  const select = file.prepare(`SELECT ${columns} FROM documents WHERE id = ?`);
  const page = file.prepare(`SELECT ${columns} FROM documents WHERE id > ? ORDER BY id LIMIT ${pageLength}`);
  const count = file.prepare('SELECT count(*) AS count FROM documents WHERE author_id = ?');
  const all = file.prepare(`SELECT ${columns} FROM documents ORDER BY id`);
  return {
    warm: async () => undefined,
    read: (id) => select.get(id) as DocumentLike, // the columns above
    list: (after) => page.all(after) as DocumentLike[],
    count: (authorId) => (count.get(authorId) as { count: number }).count,
    all: () => all.all() as DocumentLike[],
    close: async () => void file.close(),
  };
}
