import type { MoneyclipError } from '../../errors.js';
import { hashText } from '../../support/hash.js';
import type { CommitAnswer, Dialect, DialectFacts, DriverConnection, ErrorContext, Isolation } from '../dialect.js';
import type { Statement, StatementResult } from '../statement.js';
import type { PostgresClient, PostgresQuery, PostgresResult } from './postgres-driver.js';
import { convertPostgresError, losesConnection } from './postgres-errors.js';

const namesLimit = 1000;
const writeCommands = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** PostgreSQL by pg. */
export class PostgresDialect implements Dialect {
  readonly facts: DialectFacts = { name: 'postgres', rowLocks: true, maxParameters: 65_535 };
  readonly probe = undefined;
  readonly #queryTimeoutMs: number;
  readonly #names = new Map<string, string>();

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

  /** A query of knex that ran out of time leaves its connection waiting for the answer. */
  takeBack(connection: DriverConnection): void {
    if (!asClient(connection).readyForQuery) this.discard(connection);
  }

  convertError(error: unknown, context: ErrorContext): MoneyclipError {
    return convertPostgresError(error, context);
  }

  async close(): Promise<void> {
    // Every connection is in knex's pool.
  }

  #query(client: PostgresClient, statement: Statement): Promise<PostgresResult> {
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
    const query = { text, values: parameters, rowMode: 'array', query_timeout: this.#queryTimeoutMs } as const;
    const name = prepare ? this.#nameOf(text) : undefined;
    return name === undefined ? query : { ...query, name };
  }

  /** The name under which a text is prepared. A server keeps each for the life of a connection, so there is an end to them. */
  #nameOf(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= namesLimit) return known;
    const name = `moneyclip_${hashText(text)}`;
    this.#names.set(text, name);
    return name;
  }
}

function asClient(connection: DriverConnection): PostgresClient {
  return connection as PostgresClient; // the pool of a knex client whose driverName is pg holds nothing else
}
