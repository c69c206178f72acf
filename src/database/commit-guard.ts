import type { Statement, StatementResult } from './statement.js';
import type { TransactionOutcome } from './transaction.js';

/** Has the last word before the COMMIT of every outermost transaction of a connection. */
export interface CommitGuard {
  /**
   * Runs statements in the transaction, after all of its work. Rejects to have it rolled back and that error thrown.
   * Answers what must be done once it is known what became of it, where anything must.
   */
  beforeCommit(transaction: {
    execute(statement: Statement): Promise<StatementResult>;
  }): Promise<Settlement | undefined>;
}

/** Told of the outcome before everybody else, whom `settle` tells. */
export type Settlement = (outcome: TransactionOutcome, settle: () => Promise<void>) => Promise<void>;
