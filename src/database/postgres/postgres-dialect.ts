import type { MoneyclipError } from '../../errors.js';
import type { CommitAnswer, Dialect, DialectFacts, DriverConnection, ErrorContext, Isolation } from '../dialect.js';
import type { Statement, StatementResult } from '../statement.js';
import type { PostgresClient, PostgresQuery, PostgresResult } from './postgres-driver.js';
import { convertPostgresError, losesConnection, planIsOutdated } from './postgres-errors.js';
import { PreparedNames } from './prepared-names.js';

const longestWaitForReadyMs = 250;
const writeCommands = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** PostgreSQL by pg. */
export class PostgresDialect implements Dialect {
  readonly facts: DialectFacts = { name: 'postgres', rowLocks: true, maxParameters: 65_535 };
  readonly probe = undefined;
  readonly #queryTimeoutMs: number;
  readonly #names = new PreparedNames();

  constructor(queryTimeoutMs: number) {
    this.#queryTimeoutMs = queryTimeoutMs;
  }

  executeDirect(): undefined {
    return undefined;
  }

  async execute(connection: DriverConnection, statement: Statement): Promise<StatementResult> {
    const { command, rows, rowCount } = await this.#query(asClient(connection), statement);
    return { rows, changes: writeCommands.has(command) ? (rowCount ?? 0) : 0 };
  }

  begin(isolation: Isolation | undefined): string {
    return isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}`;
  }

  /** A transaction in which a statement failed is answered with ROLLBACK. */
  async commit(connection: DriverConnection): Promise<CommitAnswer> {
    const { command } = await this.#query(asClient(connection), { text: 'COMMIT', parameters: [] });
    return command === 'COMMIT' ? 'committed' : 'rolled back';
  }

  inTransaction(): boolean {
    return true;
  }

  isLost(connection: DriverConnection): boolean {
    return asClient(connection).__knex__disposed !== undefined;
  }

  /** NOTE: pg ends a connection with an unanswered query by closing the socket; it does not wait for the server. */
  discard(connection: DriverConnection): void {
    const client = asClient(connection);
    client.__knex__disposed ??= 'discarded by moneyclip';
    client.end(() => undefined);
  }

  lend(): void {
    // Nothing to prepare.
  }

  /**
   * A query of knex that ran out of time leaves its connection waiting for the answer.
   *
   * NOTE: one that failed may do so for a moment too: the server sends the error and "ready" apart.
   */
  async takeBack(connection: DriverConnection): Promise<void> {
    const client = asClient(connection);
    if (!client.readyForQuery && !(await becomesReady(client))) this.discard(connection);
  }

  convertError(error: unknown, context: ErrorContext): MoneyclipError {
    return convertPostgresError(error, context);
  }

  async close(): Promise<void> {
    // Every connection is in knex's pool.
  }

  async #query(client: PostgresClient, statement: Statement): Promise<PostgresResult> {
    try {
      return await this.#send(client, statement);
    } catch (error) {
      if (!planIsOutdated(error)) throw error;
      this.#names.renew(statement.text);
      if (client.getTransactionStatus?.() !== 'I') throw error;
      return this.#send(client, statement);
    }
  }

  #send(client: PostgresClient, statement: Statement): Promise<PostgresResult> {
    const query = this.#queryOf(statement);
    return new Promise((resolve, reject) => {
      client.query(query, (error, result) => {
        if (!error) return resolve(result);
        if (losesConnection(error)) this.discard(client);
        return reject(error);
      });
    });
  }

  #queryOf({ text, parameters, prepare }: Statement): PostgresQuery {
    const name = prepare ? this.#names.nameOf(text) : undefined;
    return { text, values: parameters, name, rowMode: 'array', query_timeout: this.#queryTimeoutMs };
  }
}

function asClient(connection: DriverConnection): PostgresClient {
  return connection as PostgresClient; // the pool of a knex client whose driverName is pg holds nothing else
}

function becomesReady(client: PostgresClient): Promise<boolean> {
  return new Promise((resolve) => {
    const ready = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    const timer = setTimeout(() => {
      client.off('drain', ready);
      resolve(false);
    }, longestWaitForReadyMs);
    client.once('drain', ready);
  });
}
