import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { DocumentLike, Session, World } from '../contender.js';
import { pageLength } from '../dataset.js';

interface Tables {
  readonly documents: {
    readonly id: number;
    readonly title: string;
    readonly slug: string;
    readonly body: string;
    readonly status: string;
    readonly views: number;
    readonly rating: number;
    readonly published: boolean;
    readonly size: string;
    readonly meta: Readonly<Record<string, unknown>>;
    readonly author_id: number;
    readonly created_at: Date;
    readonly updated_at: Date;
  };
  readonly users: { readonly id: number; readonly username: string; readonly email: string; readonly joined_at: Date };
}

const columns = [
  ...(['id', 'title', 'slug', 'body', 'status', 'views', 'rating', 'published', 'size', 'meta'] as const),
  ...(['author_id as authorId', 'created_at as createdAt', 'updated_at as updatedAt'] as const),
] as const;

/** Kysely, which builds typed SQL and has no cache. */
export async function open(world: World): Promise<Session> {
  const pool = new pg.Pool({ connectionString: world.postgresUrl, max: 10 });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const documents = () => db.selectFrom('documents').select(columns);
  return {
    warm: async () => undefined,
    read: (id): Promise<DocumentLike> => documents().where('id', '=', id).executeTakeFirstOrThrow(),
    list: (after) => documents().where('id', '>', after).orderBy('id').limit(pageLength).execute(),
    listAuthors: async (after) => {
      const rows = await db
        .selectFrom('documents')
        .innerJoin('users', 'users.id', 'documents.author_id')
        .selectAll('documents')
        .select(['users.username', 'users.email', 'users.joined_at'])
        .where('documents.id', '>', after)
        .orderBy('documents.id')
        .limit(pageLength)
        .execute();
      return rows.map(({ username }) => username);
    },
    count: async (authorId) => {
      const query = db.selectFrom('documents').select(({ fn }) => fn.countAll<string>().as('count'));
      const { count } = await query.where('author_id', '=', authorId).executeTakeFirstOrThrow();
      return Number(count);
    },
    all: () => documents().orderBy('id').execute(),
    compile: ({ authorId, statuses, rating }) => {
      const { sql, parameters } = documents()
        .where('author_id', '=', authorId)
        .where('status', 'in', statuses)
        .where('rating', '>=', rating)
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .limit(10)
        .compile();
      return { text: sql, parameters };
    },
    close: () => db.destroy(),
  };
}
