import knex from 'knex';
import type { DocumentLike, Session, World } from '../contender.js';
import { pageLength } from '../dataset.js';

/** Knex's query builder without a cache: what moneyclip's own users would write first. */
export async function open(world: World, variant: string): Promise<Session> {
  const db =
    variant === 'sqlite'
      ? knex({ client: 'better-sqlite3', connection: world.sqliteFile, useNullAsDefault: true })
      : knex({ client: 'pg', connection: world.postgresUrl, pool: { min: 1, max: 10 } });
  const columns = {
    ...{ id: 'id', title: 'title', slug: 'slug', body: 'body', status: 'status', views: 'views', rating: 'rating' },
    ...{ published: 'published', size: 'size', meta: 'meta', authorId: 'author_id' },
    ...{ createdAt: 'created_at', updatedAt: 'updated_at' },
  };
  return {
    warm: async () => undefined,
    read: (id) => db('documents').where({ id }).first<DocumentLike>(columns),
    list: (after) =>
      db('documents').where('id', '>', after).orderBy('id').limit(pageLength).select<DocumentLike[]>(columns),
    listAuthors: async (after) => {
      const rows = await db('documents')
        .join('users', 'users.id', 'documents.author_id')
        .where('documents.id', '>', after)
        .orderBy('documents.id')
        .limit(pageLength)
        .select<{ username: string }[]>('documents.*', 'users.username', 'users.email', 'users.joined_at');
      return rows.map(({ username }) => username);
    },
    count: async (author_id) =>
      Number((await db('documents').where({ author_id }).count({ count: '*' }))[0]?.['count']),
    all: () => db('documents').orderBy('id').select<DocumentLike[]>(columns),
    compile: ({ authorId, statuses, rating }) => {
      const { sql, bindings } = db('documents')
        .where({ author_id: authorId })
        .whereIn('status', [...statuses])
        .where('rating', '>=', rating)
        .orderBy([{ column: 'created_at', order: 'desc' }, 'id'])
        .limit(10)
        .select(columns)
        .toSQL()
        .toNative();
      return { text: sql, parameters: bindings };
    },
    close: () => db.destroy(),
  };
}
