/** A query as pg takes it. */
export interface PostgresQuery {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Prepared once per connection under this name, where there is one. */
  readonly name: string | undefined;
  readonly rowMode: 'array';
  /** pg gives up waiting for the answer after this. */
  readonly query_timeout: number;
}

/** What pg answers. */
export interface PostgresResult {
  readonly command: string;
  readonly rowCount: number | null;
  readonly rows: unknown[][];
}

/** What is used of a client of pg, as it lies in knex's pool. */
export interface PostgresClient {
  /** False while an answer is awaited. */
  readonly readyForQuery: boolean;
  /** knex throws the connection away when this is set. */
  __knex__disposed?: unknown;
  /** `I` while no transaction is open; older versions of pg do not tell. */
  getTransactionStatus?(): string | null;
  query(query: PostgresQuery, callback: (error: Error | null | undefined, result: PostgresResult) => void): void;
  end(callback: () => void): void;
  /** `drain`: the answer is complete, and nothing else waits for one. */
  once(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}
