import type { KnexClient } from './knex-client.js';
import type { Dialect, DriverConnection } from './dialect.js';

/** knex's pool of connections, as the library's own statements use it. */
export class ConnectionPool {
  readonly #acquire: () => Promise<DriverConnection>;
  readonly #release: (connection: DriverConnection) => Promise<void>;
  readonly #dialect: Dialect;

  /** Takes the client's methods as they are now: those that are put over them later are for SQL that is not the library's. */
  constructor(client: KnexClient, dialect: Dialect) {
    this.#acquire = client.acquireConnection.bind(client);
    this.#release = client.releaseConnection.bind(client);
    this.#dialect = dialect;
  }

  /** Waits for a free connection, at most for the acquire timeout. */
  async acquire(): Promise<DriverConnection> {
    const connection = await this.#take();
    if (!this.#dialect.isLost(connection)) return connection;
    await this.release(connection);
    return this.#take();
  }

  /** Gives a connection back; one that is lost is thrown away. */
  async release(connection: DriverConnection): Promise<void> {
    if (this.#dialect.isLost(connection)) this.#dialect.discard(connection);
    await this.#release(connection);
  }

  async #take(): Promise<DriverConnection> {
    try {
      return await this.#acquire();
    } catch (error) {
      throw this.#dialect.convertError(error, { statement: undefined, mayHaveCommitted: false });
    }
  }
}
