import type { Database } from 'better-sqlite3';
import type { DatabaseConnection } from '../../../src/database/database-connection.js';
import { clientOf } from '../../../src/database/knex-client.js';
import type { Statement } from '../../../src/database/statement.js';

export function write(text: string, ...parameters: unknown[]): Statement {
  return { text, parameters, writes: true };
}

export function read(text: string, ...parameters: unknown[]): Statement {
  return { text, parameters };
}

/** SQLite's connection in the pool, as user code may get it from knex. */
export async function borrowWriter(
  db: DatabaseConnection,
  task: (writer: Database) => void | Promise<void>,
): Promise<void> {
  const client = clientOf(db.knex);
  const connection = await client.acquireConnection();
  try {
    await task(connection as Database); // the pool of a client of better-sqlite3 holds nothing else
  } finally {
    await client.releaseConnection(connection);
  }
}
