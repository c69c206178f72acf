import pg from 'pg';
import { pageLength, type PlainDocument, type PlainUser } from '../dataset.js';

const documentColumns =
  'id, title, slug, body, status, views, rating, published, size, meta, author_id AS "authorId", ' +
  'created_at AS "createdAt", updated_at AS "updatedAt"';
const userColumns = 'id, username, email, joined_at AS "joinedAt"';

/** A document as the driver gives it. */
export type DocumentRow = Omit<PlainDocument, 'createdAt' | 'updatedAt'> & {
  readonly createdAt: Date;
  readonly updatedAt: Date;
};
export type UserRow = Omit<PlainUser, 'joinedAt'> & { readonly joinedAt: Date };

/** PostgreSQL by named statements: the fastest loader that the caches written by hand, and the key-value ones, can have. */
export class PlainDatabase {
  readonly #pool: pg.Pool;
  statements = 0;

  constructor(url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: 10 });
  }

  async document(id: number): Promise<DocumentRow> {
    return this.#one<DocumentRow>('document', `SELECT ${documentColumns} FROM documents WHERE id = $1`, [id]);
  }

  async user(id: number): Promise<UserRow> {
    return this.#one<UserRow>('user', `SELECT ${userColumns} FROM users WHERE id = $1`, [id]);
  }

  /** In no order. */
  async documents(ids: readonly number[]): Promise<DocumentRow[]> {
    return this.#all<DocumentRow>('documents', `SELECT ${documentColumns} FROM documents WHERE id = ANY($1)`, [ids]);
  }

  /** In no order. */
  async users(ids: readonly number[]): Promise<UserRow[]> {
    return this.#all<UserRow>('users', `SELECT ${userColumns} FROM users WHERE id = ANY($1)`, [ids]);
  }

  async documentsAfter(after: number): Promise<DocumentRow[]> {
    const text = `SELECT ${documentColumns} FROM documents WHERE id > $1 ORDER BY id LIMIT ${pageLength}`;
    return this.#all<DocumentRow>('page', text, [after]);
  }

  /** The same documents joined with their authors. */
  async documentsWithAuthorsAfter(after: number): Promise<(DocumentRow & { readonly username: string })[]> {
    const columns = documentColumns.split(', ').map((column) => `documents.${column}`);
    const text =
      `SELECT ${columns.join(', ')}, username, email, joined_at FROM documents JOIN users ON users.id = author_id ` +
      `WHERE documents.id > $1 ORDER BY documents.id LIMIT ${pageLength}`;
    return this.#all('page with authors', text, [after]);
  }

  async count(authorId: number): Promise<number> {
    const text = 'SELECT count(*)::integer AS count FROM documents WHERE author_id = $1';
    return (await this.#one<{ count: number }>('count', text, [authorId])).count;
  }

  /** Every document, in order. */
  async all(): Promise<DocumentRow[]> {
    return this.#all<DocumentRow>('all', `SELECT ${documentColumns} FROM documents ORDER BY id`, []);
  }

  async badge(id: number): Promise<string> {
    const { title, authorId } = await this.document(id);
    return `${title} by ${(await this.user(authorId)).username}`;
  }

  async setViews(id: number, views: number): Promise<void> {
    await this.#all('views', 'UPDATE documents SET views = $2 WHERE id = $1', [id, views]);
  }

  /** The same where the row still has what others may depend on, and answers it whole: an invalidation needs both. */
  async setViewsOf(
    { id, slug, authorId }: Pick<PlainDocument, 'id' | 'slug' | 'authorId'>,
    views: number,
  ): Promise<DocumentRow> {
    const text =
      'UPDATE documents SET views = $1 WHERE id = $2 AND slug = $3 AND author_id = $4 ' +
      `RETURNING ${documentColumns}`;
    return this.#one<DocumentRow>('views of', text, [views, id, slug, authorId]);
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  async #one<Row>(name: string, text: string, values: readonly unknown[]): Promise<Row> {
    const [row] = await this.#all<Row>(name, text, values);
    if (row === undefined) throw new Error(`no ${name} ${String(values[0])}`);
    return row;
  }

  async #all<Row>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    this.statements += 1;
    const { rows } = await this.#pool.query({ name, text, values: [...values] });
    return rows as Row[]; // the columns of the statement
  }
}
