import type { Dialect, DriverConnection } from './dialect.js';
import type { KnexClient } from './knex-client.js';
import type { Statement, StatementResult } from './statement.js';

const longestWaitMs = 1000;

/** What is used of a client of pg besides queries. */
interface BackgroundClient {
  /** The server process that the server named when the connection was made. */
  readonly processID?: number | null;
  unref?(): void;
}

/**
 * A connection beside the pool, for work in the background that keeps something on the server, such as a lock. It
 * belongs to no transaction, wherever it is used, and its statements are not counted.
 */
export class OwnConnection {
  readonly #client: KnexClient;
  readonly #dialect: Dialect;
  readonly #connection: DriverConnection;

  private constructor(client: KnexClient, dialect: Dialect, connection: DriverConnection) {
    this.#client = client;
    this.#dialect = dialect;
    this.#connection = connection;
  }

  static async open(client: KnexClient, dialect: Dialect): Promise<OwnConnection> {
    try {
      return new OwnConnection(client, dialect, await client.acquireRawConnection());
    } catch (error) {
      throw dialect.convertError(error, { statement: undefined, mayHaveCommitted: false });
    }
  }

  /** The server process behind this connection as it was announced; a pooler between announces one of its own. */
  get announcedProcess(): number | undefined {
    return this.#background.processID ?? undefined;
  }

  /** Runs a statement, after those that were sent before. Throws a DatabaseError. */
  async run(statement: Statement): Promise<StatementResult> {
    try {
      return await this.#dialect.execute(this.#connection, statement);
    } catch (error) {
      throw this.#dialect.convertError(error, { statement, mayHaveCommitted: statement.writes === true });
    }
  }

  /** Lets the process end although this connection is open. */
  unref(): void {
    this.#background.unref?.();
  }

  /** Ends it at once, whatever is under way. */
  discard(): void {
    this.#dialect.discard(this.#connection);
  }

  /** Ends it, and what it holds on the server. Never throws, and waits a second at most for a server that hangs. */
  async close(): Promise<void> {
    if (this.#dialect.isLost(this.#connection)) return;
    const ended = this.#client.destroyRawConnection(this.#connection).catch(() => this.discard());
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([ended, new Promise<void>((resolve) => (timer = setTimeout(resolve, longestWaitMs)))]);
    clearTimeout(timer);
  }

  get #background(): BackgroundClient {
    return this.#connection as BackgroundClient; // what it lacks is optional
  }
}
