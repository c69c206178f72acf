import type { MoneyclipError } from '../../errors.js';
import type { CommitAnswer, Dialect, DialectFacts, DriverConnection, ErrorContext, Isolation } from '../dialect.js';
import type { Statement, StatementResult } from '../statement.js';
import { Deadline, Waiting } from '../../support/deadline.js';
import { systemClock } from '../../support/clock.js';
import { requestCancel } from './cancel-request.js';
import type { PostgresClient, PostgresResult } from './postgres-driver.js';
import { convertPostgresError, isOverdue, losesConnection, planIsOutdated } from './postgres-errors.js';
import { PreparedNames } from './prepared-names.js';
import { PreparedQuery } from './prepared-query.js';
import { wireValues } from './wire-value.js';

const longestWaitForReadyMs = 250;
const writeCommands = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

export interface PostgresDialectOptions {
  readonly queryTimeoutMs: number;
  /** False where a name that was prepared may not be there the next time: a pooler gives each transaction another connection. */
  readonly preparedStatements: boolean;
}

/** PostgreSQL by pg. */
export class PostgresDialect implements Dialect {
  readonly facts: DialectFacts = { name: 'postgres', rowLocks: true, maxParameters: 65_535 };
  readonly probe = undefined;
  readonly #deadline: Deadline;
  readonly #names: PreparedNames | undefined;

  constructor({ queryTimeoutMs, preparedStatements }: PostgresDialectOptions) {
    this.#deadline = new Deadline(systemClock, queryTimeoutMs);
    this.#names = preparedStatements ? new PreparedNames() : undefined;
  }

  executeDirect(): undefined {
    return undefined;
  }

  execute(connection: DriverConnection, statement: Statement): Promise<StatementResult> {
    return this.#query(asClient(connection), statement, statement.named ? toNamedResult : toStatementResult);
  }

  begin(isolation: Isolation | undefined): string {
    return isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}`;
  }

  /** A transaction in which a statement failed is answered with ROLLBACK. */
  commit(connection: DriverConnection): Promise<CommitAnswer> {
    return this.#query(asClient(connection), { text: 'COMMIT', parameters: [] }, ({ command }) =>
      command === 'COMMIT' ? 'committed' : 'rolled back',
    );
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

  // NOTE: one promise for all of it, since each costs on the way of every statement
  #query<T>(client: PostgresClient, statement: Statement, answer: (result: PostgresResult) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle: Callback = (error, result) => {
        if (!error) return resolve(answer(result));
        if (isOverdue(error)) requestCancel(client);
        if (losesConnection(error)) this.discard(client);
        return reject(error);
      };
      this.#send(client, statement, (error, result) => {
        if (!error || !this.#mayRepeat(client, statement, error)) return settle(error, result);
        this.#send(client, statement, settle);
      });
    });
  }

  /** A statement whose plan was outdated did nothing; outside a transaction it can be prepared anew. */
  #mayRepeat(client: PostgresClient, { text }: Statement, error: Error): boolean {
    if (!planIsOutdated(error)) return false;
    this.#names?.renew(text);
    return client.getTransactionStatus?.() === 'I';
  }

  #send(client: PostgresClient, statement: Statement, callback: Callback): void {
    const waiting = new Waiting((error) => callback(error as Error, nothing)); // a DeadlineError
    const answered: Callback = (error, result) => {
      if (this.#deadline.end(waiting)) callback(error, result);
    };
    try {
      untimed(client, () => this.#sendTo(client, statement, answered));
    } catch (error) {
      this.#deadline.end(waiting);
      throw error;
    }
    this.#deadline.begin(waiting); // NOTE: when it was sent, and is worked on already
  }

  #sendTo(client: PostgresClient, statement: Statement, callback: Callback): void {
    const { text, parameters } = statement;
    const name = statement.prepare ? this.#names?.nameOf(text) : undefined;
    const values = name !== undefined && takesCustomQueries(client) ? wireValues(parameters) : undefined;
    if (name !== undefined && values) client.query(new PreparedQuery({ name, text }, values, { client, callback }));
    else client.query({ text, values: parameters, name, rowMode: 'array' }, callback);
  }
}

type Callback = (error: Error | null | undefined, result: PostgresResult) => void;

const nothing: PostgresResult = { command: '', rowCount: null, rows: [] };

function takesCustomQueries({ connection, binary, pipeline }: PostgresClient): boolean {
  return connection?.parsedStatements !== undefined && !binary && !pipeline;
}

/**
 * Lets `query` give pg a query without a timer of pg's own.
 *
 * NOTE: that would be one for each query, which costs more than one for all. And what the query refers to then lives until
 * the next full garbage collection: a third of all that reading rows allocates.
 */
function untimed(client: PostgresClient, query: () => void): void {
  const parameters = client.connectionParameters ?? {};
  const timeout = parameters.query_timeout;
  parameters.query_timeout = 0;
  try {
    query();
  } finally {
    parameters.query_timeout = timeout; // for the queries of knex
  }
}

function toStatementResult({ command, rows, rowCount }: PostgresResult): StatementResult {
  return { rows, changes: writeCommands.has(command) ? (rowCount ?? 0) : 0 };
}

function toNamedResult(result: PostgresResult): StatementResult {
  return { ...toStatementResult(result), columns: (result.fields ?? []).map(({ name }) => name) };
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
