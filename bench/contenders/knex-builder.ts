import knex from 'knex';
import type { DocumentLike, Session, World } from '../contender.js';

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
    close: () => db.destroy(),
  };
}
