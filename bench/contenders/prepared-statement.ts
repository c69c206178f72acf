import SqliteDatabase from 'better-sqlite3';
import pg from 'pg';
import type { DocumentLike, Session, World } from '../contender.js';

const columns =
  'id, title, slug, body, status, views, rating, published, size, meta, author_id AS "authorId", ' +
  'created_at AS "createdAt", updated_at AS "updatedAt"';

/** The database without a cache: `postgres` by a named statement, `sqlite` by a prepared one. */
export function open(world: World, variant: string): Promise<Session> {
  return variant === 'sqlite' ? openSqlite(world) : openPostgres(world);
}

async function openPostgres({ postgresUrl }: World): Promise<Session> {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 10 });
  const text = `SELECT ${columns} FROM documents WHERE id = $1`;
  return {
    warm: async () => undefined,
    read: async (id) => (await pool.query<DocumentLike>({ name: 'document', text, values: [id] })).rows[0]!,
    close: () => pool.end(),
  };
}

async function openSqlite({ sqliteFile }: World): Promise<Session> {
  const file = new SqliteDatabase(sqliteFile);
  const select = file.prepare(`SELECT ${columns} FROM documents WHERE id = ?`);
  return {
    warm: async () => undefined,
    read: (id) => select.get(id) as DocumentLike, // the columns above
    close: async () => void file.close(),
  };
}
