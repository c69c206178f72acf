import type { KnexClient } from './knex-client.js';
import type { Dialect, DriverConnection } from './dialect.js';

/** How long a connection stays out of knex's pool at most while nothing runs on it. */
const longestKeptMs = 100;

/**
 * knex's pool of connections, as the library's own statements use it. A connection that one statement has done with is
 * kept for the next one for a moment, since knex's pool takes as long to hand one out as PostgreSQL to answer.
 *
 * Invariant: nothing is kept while anybody waits for a connection of the pool, and none is kept for more than two ticks
 * of the timer before the pool sees it again, which checks and ends connections by its own rules.
 */
export class ConnectionPool {
  readonly #client: KnexClient;
  readonly #acquire: () => Promise<DriverConnection>;
  readonly #release: (connection: DriverConnection) => Promise<void>;
  readonly #dialect: Dialect;
  readonly #kept: DriverConnection[] = [];
  /** The tick in which each connection came out of the pool. */
  readonly #since = new Map<DriverConnection, number>();
  #tick = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Takes the client's methods as they are now: those that are put over them later are for SQL that is not the library's. */
  constructor(client: KnexClient, dialect: Dialect) {
    this.#client = client;
    this.#acquire = client.acquireConnection.bind(client);
    this.#release = client.releaseConnection.bind(client);
    this.#dialect = dialect;
  }

  /** A connection that was kept, without waiting; undefined where there is none. */
  takeKept(): DriverConnection {
    const connection = this.#kept.pop();
    if (connection === undefined || !this.#dialect.isLost(connection)) return connection;
    void this.#giveBack(connection);
    return this.takeKept();
  }

  /** Waits for a free connection, at most for the acquire timeout. */
  async acquire(): Promise<DriverConnection> {
    const kept = this.takeKept();
    if (kept !== undefined) return kept;
    const connection = await this.#take();
    if (!this.#dialect.isLost(connection)) return connection;
    await this.#giveBack(connection);
    return this.#take();
  }

  /** Gives a connection back; one that is lost is thrown away. A promise only where that takes time. */
  release(connection: DriverConnection): Promise<void> | undefined {
    if (!this.#mayKeep(connection)) return this.#giveBack(connection);
    this.#kept.push(connection);
    this.#timer ??= setTimeout(() => this.#onTick(), longestKeptMs).unref();
    return undefined;
  }

  /** Lets the pool have a connection again if one is kept: somebody else asks it for one. */
  makeRoom(): void {
    const connection = this.#kept.shift();
    if (connection !== undefined) void this.#giveBack(connection);
  }

  /** Lets the pool have all of them. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await Promise.all(this.#kept.splice(0).map((connection) => this.#giveBack(connection)));
  }

  #mayKeep(connection: DriverConnection): boolean {
    if (this.#since.get(connection) !== this.#tick || this.#dialect.isLost(connection)) return false;
    return this.#client.pool?.numPendingAcquires?.() === 0;
  }

  #onTick(): void {
    this.#timer = undefined;
    this.#tick += 1; // what is in use now goes back when it is released
    for (const connection of this.#kept.splice(0)) void this.#giveBack(connection);
  }

  async #giveBack(connection: DriverConnection): Promise<void> {
    this.#since.delete(connection);
    if (this.#dialect.isLost(connection)) this.#dialect.discard(connection);
    await this.#release(connection);
  }

  async #take(): Promise<DriverConnection> {
    try {
      const connection = await this.#acquire();
      this.#since.set(connection, this.#tick);
      return connection;
    } catch (error) {
      throw this.#dialect.convertError(error, { statement: undefined, mayHaveCommitted: false });
    }
  }
}
