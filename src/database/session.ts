import { ConnectionError, DatabaseError } from '../errors.js';
import type { CommitAnswer, DriverConnection } from './dialect.js';
import { Mutex } from './mutex.js';
import { transactionEnded } from './transaction.js';
import type { StatementRunner } from './statement-runner.js';
import type { Statement, StatementResult } from './statement.js';

/** One connection while a transaction is open on it. Statements take turns: no driver takes two at a time. */
export class Session {
  readonly connection: DriverConnection;
  readonly #runner: StatementRunner;
  readonly #turns = new Mutex();
  #afterLoan: (() => void) | undefined;
  #closed = false;

  constructor(connection: DriverConnection, runner: StatementRunner) {
    this.connection = connection;
    this.#runner = runner;
  }

  get isLost(): boolean {
    return this.#runner.dialect.isLost(this.connection);
  }

  /** Runs a statement inside the transaction, when its turn comes. */
  execute(statement: Statement): Promise<StatementResult> {
    return this.#inTurn(() => {
      this.#assertUsable();
      return this.#runner.execute(this.connection, statement);
    });
  }

  /** Opens the transaction. */
  async begin(text: string): Promise<void> {
    await this.#runner.execute(this.connection, { text, parameters: [] });
  }

  /** Ends the transaction, after the statements that were issued before; those that come later are refused. */
  commit(): Promise<CommitAnswer | 'not open'> {
    return this.#inTurn(async () => {
      this.#closed = true;
      this.#assertReachable();
      if (!this.#runner.dialect.inTransaction(this.connection)) return 'not open';
      return this.#runner.commit(this.connection);
    });
  }

  /** Undoes everything. Never throws: a connection that cannot do it is thrown away, and the server does it. */
  async rollback(): Promise<void> {
    const { dialect } = this.#runner;
    await this.#inTurn(async () => {
      this.#closed = true;
      if (this.isLost || !dialect.inTransaction(this.connection)) return;
      await this.#runner.execute(this.connection, { text: 'ROLLBACK', parameters: [] });
    }).catch(() => dialect.discard(this.connection));
  }

  /** Hands the connection to SQL that is not the library's; `giveBack` is called when it returns. */
  async lend(giveBack: () => void): Promise<DriverConnection> {
    const turn = this.#turns.acquire();
    if (turn) await turn;
    try {
      this.#assertUsable();
    } catch (error) {
      this.#turns.release();
      throw error;
    }
    this.#afterLoan = giveBack;
    return this.connection;
  }

  takeBack(): void {
    const done = this.#afterLoan;
    this.#afterLoan = undefined;
    if (!done) return;
    this.#turns.release();
    done();
  }

  async #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#turns.acquire();
    if (turn) await turn;
    try {
      return await task();
    } finally {
      this.#turns.release();
    }
  }

  #assertUsable(): void {
    if (this.#closed) throw transactionEnded();
    this.#assertReachable();
    if (this.#runner.dialect.inTransaction(this.connection)) return;
    throw new DatabaseError(
      'The database rolled this transaction back because of an earlier error; let that error leave the transaction.',
    );
  }

  #assertReachable(): void {
    if (!this.isLost) return;
    throw new ConnectionError(
      'The connection of this transaction was lost; the database rolls the transaction back. Run it again.',
    );
  }
}
