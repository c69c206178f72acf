import type { Knex } from 'knex';
import { UsageError } from '../errors.js';
import { isPromise } from '../support/awaitable.js';
import type { CommitGuard } from './commit-guard.js';
import { ConnectionPool } from './connection-pool.js';
import type { Dialect, DialectFacts, DriverConnection, FreshnessProbe } from './dialect.js';
import { joinKnex } from './join-knex.js';
import { clientOf, type KnexClient } from './knex-client.js';
import { OwnConnection } from './own-connection.js';
import type { Statement, StatementResult } from './statement.js';
import { StatementRunner } from './statement-runner.js';
import type { Transaction, TransactionOptions } from './transaction.js';
import { currentScope } from './transaction-scope.js';
import { TransactionManager, type TransactionWork } from './transaction-manager.js';

/** What a DatabaseConnection is made of. */
export interface DatabaseParts {
  readonly name: string;
  readonly knex: Knex;
  readonly dialect: Dialect;
  /** True where the knex instance was made for this connection and ends with it. */
  readonly ownsKnex: boolean;
}

/** One database: runs statements, joins transactions by async context, and tells whether somebody else wrote. */
export class DatabaseConnection {
  readonly name: string;
  readonly knex: Knex;
  readonly facts: DialectFacts;
  /** Where the database can tell foreign changes without a round trip. */
  readonly probe: FreshnessProbe | undefined;
  readonly #parts: DatabaseParts;
  readonly #client: KnexClient;
  readonly #pool: ConnectionPool;
  readonly #runner: StatementRunner;
  readonly #transactions: TransactionManager;
  readonly #leaveKnex: () => void;
  #active = 0;
  #whenIdle: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: DatabaseParts) {
    const client = clientOf(parts.knex);
    this.#client = client;
    this.name = parts.name;
    this.knex = parts.knex;
    this.facts = parts.dialect.facts;
    this.probe = parts.dialect.probe;
    this.#parts = parts;
    this.#pool = new ConnectionPool(client, parts.dialect);
    this.#runner = new StatementRunner(parts.dialect, parts.name);
    this.#transactions = new TransactionManager(this.#pool, this.#runner);
    this.#leaveKnex = joinKnex(client, this.#transactions, { dialect: parts.dialect, pool: this.#pool });
  }

  /** How many statements were sent so far, with those that begin and end transactions; SQL that goes through knex is not counted. */
  get statements(): number {
    return this.#runner.statements;
  }

  /** From now on asks `guard` before every COMMIT; a statement that writes alone runs in a transaction then. */
  guardCommits(guard: CommitGuard): void {
    this.#transactions.commitGuard = guard;
  }

  /** Whether a write needs a transaction of its own: somebody is asked before every COMMIT, and none is open here. */
  get wantsTransaction(): boolean {
    return this.#transactions.commitGuard !== undefined && this.currentTransaction() === undefined;
  }

  /** Runs one statement: in this context's transaction if there is one, else alone. Throws a DatabaseError. */
  run(statement: Statement): Promise<StatementResult> {
    if (currentScope()) return this.#runInContext(statement);
    return this.#runAlone(statement);
  }

  /**
   * Runs `work` in a transaction, or in a savepoint where this context is in one already. Everything in it that uses
   * this database joins, also through `knex`. What `work` throws undoes it and is thrown on.
   */
  async transaction<T>(work: TransactionWork<T>, options?: TransactionOptions): Promise<T> {
    if (this.currentTransaction()) return this.#transactions.run(work, options);
    if (this.#closed) throw this.#closedError();
    return this.#counted(() => this.#transactions.run(work, options));
  }

  /** Opens a connection beside the pool; whoever asks for it closes it. Throws a ConnectionError. */
  openOwn(): Promise<OwnConnection> {
    return OwnConnection.open(this.#client, this.#parts.dialect);
  }

  /** The transaction this code runs in. Throws UsageError if it has ended. */
  currentTransaction(): Transaction | undefined {
    return this.#transactions.current();
  }

  /** Waits for what is running, then ends every connection that was opened here. Further use throws UsageError. */
  async close(): Promise<void> {
    if (this.currentTransaction()) {
      throw new UsageError('close() inside a transaction would wait for itself; call it outside.');
    }
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #runInContext(statement: Statement): Promise<StatementResult> {
    const scope = this.#transactions.current();
    return scope ? scope.execute(statement) : this.#runAlone(statement);
  }

  #runAlone(statement: Statement): Promise<StatementResult> {
    if (this.#closed) return Promise.reject(this.#closedError());
    if (statement.writes && this.wantsTransaction) return this.transaction(() => this.#runInContext(statement));
    const answer = this.#runner.executeDirect(statement);
    if (answer === undefined) return this.#runOnPool(statement);
    return isPromise(answer) ? this.#counted(() => answer) : Promise.resolve(answer);
  }

  // NOTE: as few promises as can be where a connection is at hand, since each costs on the way of every statement
  #runOnPool(statement: Statement): Promise<StatementResult> {
    const kept = this.#pool.takeKept();
    if (kept !== undefined) return this.#runOn(kept, statement);
    return this.#counted(async () => this.#runOn(await this.#pool.acquire(), statement));
  }

  #runOn(connection: DriverConnection, statement: Statement): Promise<StatementResult> {
    this.#active += 1;
    return this.#runner.executeAlone(connection, statement, () => this.#doneWith(connection));
  }

  #doneWith(connection: DriverConnection): Promise<void> | undefined {
    const released = this.#pool.release(connection);
    if (released) return released.finally(() => this.#ended());
    this.#ended();
    return undefined;
  }

  async #counted<T>(task: () => Promise<T>): Promise<T> {
    this.#active += 1;
    try {
      return await task();
    } finally {
      this.#ended();
    }
  }

  #ended(): void {
    this.#active -= 1;
    if (this.#active === 0) this.#whenIdle?.();
  }

  async #close(): Promise<void> {
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    await this.#pool.close();
    this.#leaveKnex();
    await this.#parts.dialect.close();
    if (this.#parts.ownsKnex) await this.knex.destroy();
  }

  #closedError(): UsageError {
    return new UsageError(`The connection '${this.name}' is closed; use it before close(), or connect again.`);
  }
}
