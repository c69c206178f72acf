import { codeOf, type CacheDialect, type StoredText, type StoredWrite } from './cache-dialect.js';

/** A query as pg takes it. */
export interface PostgresCacheQuery {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly rowMode: 'array';
  /** pg gives up waiting for the answer after this. */
  readonly query_timeout: number;
}

/** What is used of a client of pg, as it lies in knex's pool. */
export interface PostgresCacheConnection {
  /** knex throws the connection away when this is set. */
  __knex__disposed?: unknown;
  query(
    query: PostgresCacheQuery,
    callback: (error: Error | null | undefined, result: { readonly rows: unknown[][] }) => void,
  ): void;
  end(callback: () => void): void;
}

/** Milliseconds since 1970 on the server's clock, which is one for all who share the table. */
const nowMs = '(extract(epoch FROM now()) * 1000)::bigint';
const written = 'unnest($1::text[], $2::text[], $3::bigint[]) AS written (key, value, life_ms)';
/** The caller's deadline is shorter. A connection that says nothing for so long is thrown away. */
const silenceMs = 2_000;
/** Of what somebody else made in the same moment: the table, or the type that PostgreSQL makes for its rows. */
const alreadyThere = ['42P07', '23505', '42710'];

/**
 * A table of texts in PostgreSQL.
 *
 * The table is UNLOGGED, which costs less and keeps the promise of `drop` better: after a crash, a failover or from a
 * backup it is empty, whereas a logged one could be as it was before the last drops.
 *
 * Invariant: rows are locked in the order of their keys, so that no two statements wait for each other. Under the
 * usual isolation ON CONFLICT acts on a row that was committed after the statement began, and so answers it.
 */
export class PostgresCacheDialect implements CacheDialect<PostgresCacheConnection> {
  readonly #table: string;

  /** `table` is quoted already. */
  constructor(table: string) {
    this.#table = table;
  }

  async createTable(connection: PostgresCacheConnection): Promise<void> {
    const text =
      `CREATE UNLOGGED TABLE IF NOT EXISTS ${this.#table} ` +
      '(key text COLLATE "C" PRIMARY KEY, value text NOT NULL, expires_at bigint NOT NULL)';
    try {
      await query(connection, text, []);
    } catch (error) {
      if (!alreadyThere.includes(codeOf(error) ?? '')) throw error;
    }
  }

  read(connection: PostgresCacheConnection, keys: readonly string[]): Promise<readonly StoredText[]> {
    const text = `SELECT key, value FROM ${this.#table} WHERE key = ANY ($1::text[]) AND expires_at > ${nowMs}`;
    return queryTexts(connection, text, [keys]);
  }

  /** Takes no lock of rows that were there before; where others add a row at the same time, theirs is the answer. */
  acquire(connection: PostgresCacheConnection, rows: readonly StoredWrite[]): Promise<readonly StoredText[]> {
    const table = this.#table;
    const text =
      `WITH held AS (SELECT key, value FROM ${table} WHERE key = ANY ($1::text[]) AND expires_at > ${nowMs}), ` +
      `put AS (INSERT INTO ${table} AS kept (key, value, expires_at) SELECT key, value, ${nowMs} + life_ms FROM ${written} ` +
      'WHERE NOT EXISTS (SELECT 1 FROM held WHERE held.key = written.key) ORDER BY key COLLATE "C" ' +
      `ON CONFLICT (key) DO UPDATE SET value = CASE WHEN kept.expires_at > ${nowMs} THEN kept.value ELSE excluded.value END, ` +
      `expires_at = CASE WHEN kept.expires_at > ${nowMs} THEN kept.expires_at ELSE excluded.expires_at END RETURNING key, value) ` +
      'SELECT key, value FROM held UNION ALL SELECT key, value FROM put';
    return queryTexts(connection, text, columnsOf(rows));
  }

  write(connection: PostgresCacheConnection, rows: readonly StoredWrite[]): Promise<unknown> {
    const text =
      `INSERT INTO ${this.#table} (key, value, expires_at) SELECT key, value, ${nowMs} + life_ms FROM ${written} ` +
      'ORDER BY key COLLATE "C" ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at';
    return query(connection, text, columnsOf(rows));
  }

  range(
    connection: PostgresCacheConnection,
    { after, before, limit }: { readonly after: string; readonly before: string; readonly limit: number },
  ): Promise<readonly StoredText[]> {
    const text = `SELECT key, value FROM ${this.#table} WHERE key > $1 AND key < $2 AND expires_at > ${nowMs} ORDER BY key LIMIT $3`;
    return queryTexts(connection, text, [after, before, limit]);
  }

  drop(connection: PostgresCacheConnection, keys: readonly string[]): Promise<unknown> {
    const table = this.#table;
    const locked = `SELECT key FROM ${table} WHERE key = ANY ($1::text[]) ORDER BY key FOR UPDATE`;
    return query(connection, `DELETE FROM ${table} WHERE key IN (${locked})`, [keys]);
  }

  async sweep(connection: PostgresCacheConnection, after: string, limit: number): Promise<string | undefined> {
    const table = this.#table;
    const end = `SELECT max(key) FROM (SELECT key FROM ${table} WHERE key > $1 ORDER BY key LIMIT $2) AS next`;
    const [[last]] = (await query(connection, end, [after, limit])) as [[string | null]]; // one row, always
    if (last === null) return undefined;
    const expired = `SELECT key FROM ${table} WHERE key > $1 AND key <= $2 AND expires_at <= ${nowMs} FOR UPDATE SKIP LOCKED`;
    await query(connection, `DELETE FROM ${table} WHERE key IN (${expired})`, [after, last]);
    return last;
  }

  isMissingTable(error: unknown): boolean {
    return codeOf(error) === '42P01';
  }

  /** A conflict under a stricter isolation that the database has by default, or a deadlock with somebody's own statement. */
  isTransient(error: unknown): boolean {
    const code = codeOf(error);
    return code === '40001' || code === '40P01';
  }
}

function columnsOf(rows: readonly StoredWrite[]): unknown[] {
  return [rows.map(({ key }) => key), rows.map(({ value }) => value), rows.map(({ lifeMs }) => lifeMs)];
}

async function queryTexts(
  connection: PostgresCacheConnection,
  text: string,
  values: readonly unknown[],
): Promise<readonly StoredText[]> {
  return (await query(connection, text, values)) as unknown as StoredText[]; // the columns of every statement that gives rows
}

/**
 * NOTE: past knex, whose errors repeat the values of a statement: cached data, which must not get into logs. What
 * PostgreSQL adds to a message may do so too.
 */
function query(connection: PostgresCacheConnection, text: string, values: readonly unknown[]): Promise<unknown[][]> {
  return new Promise((resolve, reject) => {
    connection.query({ text, values, rowMode: 'array', query_timeout: silenceMs }, (error, result) => {
      if (!error) return resolve(result.rows);
      if (codeOf(error) === undefined) discard(connection);
      for (const name of ['detail', 'where', 'internalQuery']) Reflect.deleteProperty(error, name);
      return reject(error);
    });
  });
}

/** NOTE: pg closes the socket of a connection with an unanswered query; it does not wait for the server. */
function discard(connection: PostgresCacheConnection): void {
  connection.__knex__disposed ??= 'no answer in time';
  connection.end(() => undefined);
}
