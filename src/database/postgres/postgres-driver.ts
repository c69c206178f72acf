/** A query as pg takes it. */
export interface PostgresQuery {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Prepared once per connection under this name, where there is one. */
  readonly name: string | undefined;
  readonly rowMode: 'array';
}

/** What pg answers. */
export interface PostgresResult {
  readonly command: string;
  readonly rowCount: number | null;
  readonly rows: unknown[][];
  readonly fields?: readonly { readonly name: string }[];
}

/** A client's own side of the wire, which queries that are not pg's own write to. */
export interface PostgresPort {
  readonly stream: {
    readonly writable: boolean;
    cork(): void;
    uncork(): void;
    write(message: Buffer): unknown;
  };
  /** The texts that were prepared on this connection, by name. */
  readonly parsedStatements: Readonly<Record<string, string | undefined>>;
  parse(statement: { readonly name: string; readonly text: string }): void;
  bind(portal: { readonly statement: string; readonly values: readonly (string | Buffer | null)[] }): void;
  describe(what: { readonly type: 'P'; readonly name: string }): void;
  execute(portal: { readonly portal: string }): void;
  sync(): void;
}

/** A query that is not pg's own: it writes and reads messages itself. */
export interface CustomQuery {
  submit(port: PostgresPort): Error | null;
}

/** What is used of a client of pg, as it lies in knex's pool. */
export interface PostgresClient {
  /** What the client was made with. pg looks for the timeout here with each query. */
  readonly connectionParameters?: { query_timeout?: unknown };
  /** Undefined where the client is made of native code. */
  readonly connection?: Partial<PostgresPort>;
  /** True where the application asks for results in binary form. */
  readonly binary?: unknown;
  /** True where several queries are on the way at a time; only pg's own can be then. */
  readonly pipeline?: unknown;
  /** Where the server is, and which of its processes serves this connection. */
  readonly host?: string;
  readonly port?: number;
  readonly processID?: unknown;
  readonly secretKey?: unknown;
  /** False while an answer is awaited. */
  readonly readyForQuery: boolean;
  /** knex throws the connection away when this is set. */
  __knex__disposed?: unknown;
  /** `I` while no transaction is open; older versions of pg do not tell. */
  getTransactionStatus?(): string | null;
  query(query: PostgresQuery, callback: (error: Error | null | undefined, result: PostgresResult) => void): void;
  query(query: CustomQuery): void;
  getTypeParser(oid: number, format: 'text'): (text: string) => unknown;
  end(callback: () => void): void;
  /** `drain`: the answer is complete, and nothing else waits for one. */
  once(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}
