import type { MoneyclipError } from '../errors.js';
import { isPromise, type Awaitable } from '../support/awaitable.js';
import { queryChannel } from '../telemetry/channels.js';
import type { CommitAnswer, Dialect, DriverConnection } from './dialect.js';
import type { Statement, StatementResult } from './statement.js';

/** Gives back what a statement ran on; a promise only where that takes time. */
type Release = () => Promise<void> | undefined;

const commitStatement: Statement = { text: 'COMMIT', parameters: [] };

/** Runs statements on the driver: counts them, tells about them, and turns what the driver throws into typed errors. */
export class StatementRunner {
  readonly dialect: Dialect;
  /** How many statements were sent, with those that begin and end transactions. */
  statements = 0;
  readonly #connectionName: string;

  constructor(dialect: Dialect, connectionName: string) {
    this.dialect = dialect;
    this.#connectionName = connectionName;
  }

  /** Runs a statement without a connection of the pool; undefined where it needs one. Never throws: it rejects. */
  executeDirect(statement: Statement): Awaitable<StatementResult> | undefined {
    const started = queryChannel.hasSubscribers ? performance.now() : 0;
    let answer: Awaitable<StatementResult> | undefined;
    try {
      answer = this.dialect.executeDirect(statement);
    } catch (error) {
      this.statements += 1;
      return Promise.reject(this.#failed(statement, error, started, statement.writes === true));
    }
    if (answer === undefined) return undefined;
    this.statements += 1;
    if (isPromise(answer)) return this.#settle(statement, answer, statement.writes === true);
    if (queryChannel.hasSubscribers) this.#publish(statement, started, answer);
    return answer;
  }

  /** Runs a statement on a connection on which a transaction is open. */
  execute(connection: DriverConnection, statement: Statement): Promise<StatementResult> {
    this.statements += 1;
    return this.#settle(statement, this.dialect.execute(connection, statement), false);
  }

  /**
   * The same where none is. `release` is called when the statement has ended, however it ended, and its promise is waited for.
   * NOTE: in the same promise, since each costs on the way of every statement.
   */
  executeAlone(connection: DriverConnection, statement: Statement, release: Release): Promise<StatementResult> {
    this.statements += 1;
    return this.#settle(statement, this.dialect.execute(connection, statement), statement.writes === true, release);
  }

  /** Sends COMMIT. */
  commit(connection: DriverConnection): Promise<CommitAnswer> {
    this.statements += 1;
    return this.#settle(commitStatement, this.dialect.commit(connection), true);
  }

  #settle<T>(statement: Statement, answer: Promise<T>, mayHaveCommitted: boolean, release?: Release): Promise<T> {
    const started = queryChannel.hasSubscribers ? performance.now() : 0;
    return answer.then(
      (result) => {
        if (queryChannel.hasSubscribers) this.#publish(statement, started, result);
        const ending = release?.();
        return ending ? ending.then(() => result) : result;
      },
      async (error: unknown) => {
        const failure = this.#failed(statement, error, started, mayHaveCommitted);
        await release?.();
        throw failure;
      },
    );
  }

  #failed(statement: Statement, cause: unknown, started: number, mayHaveCommitted: boolean): MoneyclipError {
    const error = this.dialect.convertError(cause, { statement, mayHaveCommitted });
    if (queryChannel.hasSubscribers) this.#publish(statement, started, undefined, error);
    return error;
  }

  #publish(statement: Statement, started: number, result: unknown, error?: Error): void {
    queryChannel.publish({
      connection: this.#connectionName,
      model: statement.model,
      text: statement.text,
      durationMs: started === 0 ? 0 : performance.now() - started,
      rows: rowsOf(result),
      ...(error && { error }),
    });
  }
}

function rowsOf(result: unknown): number {
  if (typeof result !== 'object' || result === null) return 0;
  const { rows, changes } = result as StatementResult; // the only object that reaches here
  return rows.length || changes;
}
