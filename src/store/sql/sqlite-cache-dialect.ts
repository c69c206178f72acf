import type { Clock } from '../../support/clock.js';
import { codeOf, type CacheDialect, type StoredText, type StoredWrite } from './cache-dialect.js';

/** What is used of a prepared statement of better-sqlite3. */
export interface SqliteCacheStatement {
  /** Rows as arrays instead of objects. */
  raw(toggle: boolean): this;
  all(...parameters: unknown[]): unknown[];
  run(...parameters: unknown[]): unknown;
}

/** What is used of a connection of better-sqlite3. */
export interface SqliteCacheConnection {
  prepare(sql: string): SqliteCacheStatement;
  exec(sql: string): unknown;
  pragma(text: string, options?: { readonly simple?: boolean }): unknown;
}

const synchronousFull = 2;

/** A table of texts in SQLite. Time is the clock's of this process, since all who share a file share a machine. */
export class SqliteCacheDialect implements CacheDialect<SqliteCacheConnection> {
  readonly #table: string;
  readonly #clock: Clock;
  readonly #prepared = new WeakMap<SqliteCacheConnection, Map<string, SqliteCacheStatement>>();

  /** `table` is quoted already. */
  constructor(table: string, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  createTable(connection: SqliteCacheConnection): void {
    connection.exec(
      `CREATE TABLE IF NOT EXISTS ${this.#table} (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, expires_at INTEGER NOT NULL)`,
    );
  }

  read(connection: SqliteCacheConnection, keys: readonly string[]): readonly StoredText[] {
    const sql = `SELECT key, value FROM ${this.#table} WHERE key IN (SELECT value FROM json_each(?)) AND expires_at > ?`;
    return this.#rows(connection, sql).all(JSON.stringify(keys), this.#clock.now()) as StoredText[]; // its columns
  }

  acquire(connection: SqliteCacheConnection, rows: readonly StoredWrite[]): readonly StoredText[] {
    const now = this.#clock.now();
    const sql =
      `INSERT INTO ${this.#table} AS held (key, value, expires_at) ${writtenRows} ` +
      'ON CONFLICT (key) DO UPDATE SET value = CASE WHEN expires_at > ? THEN value ELSE excluded.value END, ' +
      'expires_at = CASE WHEN expires_at > ? THEN expires_at ELSE excluded.expires_at END RETURNING key, value';
    return this.#rows(connection, sql).all(now, asJson(rows), now, now) as StoredText[]; // its columns
  }

  write(connection: SqliteCacheConnection, rows: readonly StoredWrite[]): void {
    const sql =
      `INSERT INTO ${this.#table} (key, value, expires_at) ${writtenRows} ` +
      'ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at';
    this.#prepare(connection, sql).run(this.#clock.now(), asJson(rows));
  }

  range(
    connection: SqliteCacheConnection,
    { after, before, limit }: { readonly after: string; readonly before: string; readonly limit: number },
  ): readonly StoredText[] {
    const sql = `SELECT key, value FROM ${this.#table} WHERE key > ? AND key < ? AND expires_at > ? ORDER BY key LIMIT ?`;
    return this.#rows(connection, sql).all(after, before, this.#clock.now(), limit) as StoredText[]; // its columns
  }

  /**
   * NOTE: with the write-ahead log SQLite usually leaves it to the operating system when a commit reaches the disk, so that
   * a power failure takes back the last ones. A fill may be lost, but what was dropped must not be there again.
   */
  drop(connection: SqliteCacheConnection, keys: readonly string[]): void {
    const sql = `DELETE FROM ${this.#table} WHERE key IN (SELECT value FROM json_each(?))`;
    const statement = this.#prepare(connection, sql);
    const usual = Number(connection.pragma('synchronous', { simple: true }));
    if (usual < synchronousFull) connection.pragma(`synchronous = ${synchronousFull}`);
    try {
      statement.run(JSON.stringify(keys));
    } finally {
      if (usual < synchronousFull) connection.pragma(`synchronous = ${usual}`);
    }
  }

  sweep(connection: SqliteCacheConnection, after: string, limit: number): string | undefined {
    const table = this.#table;
    const end = `SELECT max(key) FROM (SELECT key FROM ${table} WHERE key > ? ORDER BY key LIMIT ?)`;
    const [[last]] = this.#rows(connection, end).all(after, limit) as [[string | null]]; // one row, always
    if (last === null) return undefined;
    const expired = `DELETE FROM ${table} WHERE key > ? AND key <= ? AND expires_at <= ?`;
    this.#prepare(connection, expired).run(after, last, this.#clock.now());
    return last;
  }

  isMissingTable(error: unknown): boolean {
    return codeOf(error) === 'SQLITE_ERROR' && error instanceof Error && error.message.startsWith('no such table');
  }

  isTransient(error: unknown): boolean {
    return /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error) ?? '');
  }

  #rows(connection: SqliteCacheConnection, sql: string): SqliteCacheStatement {
    return this.#prepare(connection, sql).raw(true);
  }

  #prepare(connection: SqliteCacheConnection, sql: string): SqliteCacheStatement {
    let known = this.#prepared.get(connection);
    if (!known) this.#prepared.set(connection, (known = new Map<string, SqliteCacheStatement>()));
    let statement = known.get(sql);
    if (!statement) known.set(sql, (statement = connection.prepare(sql)));
    return statement;
  }
}

/** NOTE: without WHERE, SQLite takes the ON of what follows for that of a join. */
const writtenRows = 'SELECT value ->> 0, value ->> 1, ? + (value ->> 2) FROM json_each(?) WHERE true';

function asJson(rows: readonly StoredWrite[]): string {
  return JSON.stringify(rows.map(({ key, value, lifeMs }) => [key, value, lifeMs]));
}
