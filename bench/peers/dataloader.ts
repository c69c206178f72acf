import DataLoader from 'dataloader';
import knex from 'knex';
import type { Session, World } from '../contender.js';
import type { DocumentRow, UserRow } from '../contenders/plain-database.js';

const documentColumns = {
  ...{ id: 'id', title: 'title', slug: 'slug', body: 'body', status: 'status', views: 'views', rating: 'rating' },
  ...{ published: 'published', size: 'size', meta: 'meta', authorId: 'author_id' },
  ...{ createdAt: 'created_at', updatedAt: 'updated_at' },
};

/** Reads of one tick as one SELECT through knex, and nothing kept: a loader that keeps is meant for one request. */
export async function open(world: World): Promise<Session> {
  const db = knex({ client: 'pg', connection: world.postgresUrl, pool: { min: 1, max: 10 } });
  let statements = 0;
  db.on('query', () => (statements += 1));
  const documents = new DataLoader(
    async (ids: readonly number[]) =>
      inOrder(
        ids,
        await db('documents')
          .whereIn('id', [...new Set(ids)])
          .select<DocumentRow[]>(documentColumns),
      ),
    { cache: false },
  );
  const users = new DataLoader(
    async (ids: readonly number[]) =>
      inOrder(
        ids,
        await db('users')
          .whereIn('id', [...new Set(ids)])
          .select<UserRow[]>('id', 'username'),
      ),
    { cache: false },
  );
  return {
    warm: async () => undefined,
    forget: async () => undefined,
    read: (id) => documents.load(id),
    authors: (ids) =>
      Promise.all(ids.map(async (id) => (await users.load((await documents.load(id)).authorId)).username)),
    statements: () => statements,
    close: () => db.destroy(),
  };
}

function inOrder<Row extends { readonly id: number }>(ids: readonly number[], rows: readonly Row[]): Row[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id)!);
}
