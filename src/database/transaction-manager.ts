import { ConnectionError, DatabaseError, UsageError } from '../errors.js';
import type { CommitGuard, Settlement } from './commit-guard.js';
import type { ConnectionPool } from './connection-pool.js';
import type { DriverConnection, Isolation } from './dialect.js';
import { Session } from './session.js';
import type { StatementRunner } from './statement-runner.js';
import type { Transaction, TransactionOptions, TransactionOutcome } from './transaction.js';
import { currentScope, runInScope, TransactionScope } from './transaction-scope.js';

/** What runs inside a transaction. */
export type TransactionWork<T> = (transaction: Transaction) => T | PromiseLike<T>;

type Ending<T> = (
  | { readonly outcome: 'committed'; readonly result: T }
  | { readonly outcome: Exclude<TransactionOutcome, 'committed'>; readonly error: unknown }
) & { readonly settlement?: Settlement | undefined };

const isolations: readonly unknown[] = ['read committed', 'repeatable read', 'serializable'] satisfies Isolation[];

/** Opens transactions and savepoints on one database and brings them to their end. */
export class TransactionManager {
  readonly #pool: ConnectionPool;
  readonly #runner: StatementRunner;
  readonly #sessions = new Map<DriverConnection, Session>();
  /** Asked before each COMMIT, where there is one. */
  commitGuard: CommitGuard | undefined;

  constructor(pool: ConnectionPool, runner: StatementRunner) {
    this.#pool = pool;
    this.#runner = runner;
  }

  /** The innermost transaction of this async context on this database. Throws UsageError where it has ended. */
  current(): TransactionScope | undefined {
    const innermost = currentScope();
    return innermost === undefined ? undefined : this.#own(innermost);
  }

  /** The transaction that holds this connection of the pool. */
  sessionOn(connection: DriverConnection): Session | undefined {
    return this.#sessions.get(connection);
  }

  async run<T>(work: TransactionWork<T>, options: TransactionOptions = {}): Promise<T> {
    assertIsolation(options.isolation);
    const parent = this.current();
    return parent ? this.#runNested(parent, work, options) : this.#runOutermost(work, options);
  }

  #own(innermost: TransactionScope): TransactionScope | undefined {
    let scope: TransactionScope | undefined = innermost;
    while (scope && scope.owner !== this) scope = scope.outer;
    scope?.assertOpen();
    return scope;
  }

  async #runOutermost<T>(work: TransactionWork<T>, options: TransactionOptions): Promise<T> {
    const scope = await this.#open(options.isolation);
    const ending = await this.#toTheEnd(scope, work);
    await this.#release(scope.session);
    const { outcome, settlement } = ending;
    const settle = (): Promise<void> => scope.settle(outcome);
    const settled = settlement ? () => settlement(outcome, settle) : settle;
    if (ending.outcome === 'committed') {
      await settled();
      return ending.result;
    }
    await quietly(settled);
    throw ending.error;
  }

  async #open(isolation: Isolation | undefined): Promise<TransactionScope> {
    const session = new Session(await this.#pool.acquire(), this.#runner);
    try {
      await session.begin(this.#runner.dialect.begin(isolation));
    } catch (error) {
      await this.#pool.release(session.connection);
      throw error;
    }
    this.#sessions.set(session.connection, session);
    return new TransactionScope({ owner: this, session, isolation, parent: undefined, outer: currentScope() });
  }

  async #toTheEnd<T>(scope: TransactionScope, work: TransactionWork<T>): Promise<Ending<T>> {
    try {
      const result = await workIn(scope, work);
      assertNothingNested(scope);
      scope.end();
      const settlement = await this.commitGuard?.beforeCommit(scope.session);
      return { ...(await this.#commit(scope.session, result)), settlement };
    } catch (error) {
      scope.end();
      await scope.session.rollback();
      return { outcome: 'rolled back', error };
    }
  }

  async #commit<T>(session: Session, result: T): Promise<Ending<T>> {
    try {
      const answer = await session.commit();
      if (answer === 'committed') return { outcome: 'committed', result };
      return { outcome: answer === 'rolled back' ? 'rolled back' : 'unknown', error: notCommitted(answer) };
    } catch (error) {
      await session.rollback();
      const unknown = error instanceof ConnectionError && error.outcomeUnknown;
      return { outcome: unknown ? 'unknown' : 'rolled back', error };
    }
  }

  async #release(session: Session): Promise<void> {
    this.#sessions.delete(session.connection);
    await this.#pool.release(session.connection);
  }

  async #runNested<T>(parent: TransactionScope, work: TransactionWork<T>, options: TransactionOptions): Promise<T> {
    assertSameIsolation(parent, options.isolation);
    const nested = async (): Promise<T> => {
      parent.assertOpen();
      const scope = nestedScope(parent);
      await scope.session.execute(savepointStatement('SAVEPOINT', scope));
      return this.#toTheRelease(parent, scope, work);
    };
    return parent.include(() => parent.nested.run(nested));
  }

  async #toTheRelease<T>(parent: TransactionScope, scope: TransactionScope, work: TransactionWork<T>): Promise<T> {
    try {
      const result = await workIn(scope, work);
      assertNothingNested(scope);
      scope.end();
      await scope.session.execute(savepointStatement('RELEASE SAVEPOINT', scope));
      parent.absorb(scope);
      return result;
    } catch (error) {
      scope.end();
      await rollBackTo(scope);
      await quietly(() => scope.settle('rolled back'));
      throw error;
    }
  }
}

/** NOTE: async, so that a query of knex, which runs only when it is awaited, is awaited inside. */
function workIn<T>(scope: TransactionScope, work: TransactionWork<T>): Promise<T> {
  return runInScope(scope, async () => work(scope));
}

function nestedScope(parent: TransactionScope): TransactionScope {
  const { owner, session, isolation } = parent;
  return new TransactionScope({ owner, session, isolation, parent, outer: currentScope() });
}

/** Siblings take turns, so the depth is a name that no other open savepoint has. */
function savepointStatement(verb: string, scope: TransactionScope): { text: string; parameters: readonly unknown[] } {
  return { text: `${verb} moneyclip_${scope.depth}`, parameters: [] };
}

/** Fails only where the whole transaction is over or its connection lost; then everything in it is undone anyway. */
async function rollBackTo(scope: TransactionScope): Promise<void> {
  try {
    await scope.session.execute(savepointStatement('ROLLBACK TO SAVEPOINT', scope));
    await scope.session.execute(savepointStatement('RELEASE SAVEPOINT', scope));
  } catch {
    // The error that led here is the one to throw.
  }
}

/** The error that made the work fail must reach the caller, whatever a callback throws. */
async function quietly(settle: () => Promise<void>): Promise<void> {
  try {
    await settle();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}

function notCommitted(answer: 'rolled back' | 'not open'): DatabaseError {
  return new DatabaseError(
    answer === 'rolled back'
      ? 'The database rolled the transaction back instead of committing it: a statement in it failed and the error was caught inside. Let it leave the transaction, or put what may fail into a nested transaction().'
      : 'The transaction was over before it was to be committed: an error that was caught inside rolled it back, or SQL inside it ended it. Let errors leave the transaction, and end it only by its function.',
  );
}

function assertNothingNested(scope: TransactionScope): void {
  if (scope.underWay === 0) return;
  throw new UsageError(
    'A write or a nested transaction is still open at the end of the transaction around it, which is rolled back; await everything inside a transaction.',
  );
}

function assertIsolation(isolation: unknown): void {
  if (isolation === undefined || isolations.includes(isolation)) return;
  throw new UsageError(`isolation must be one of '${isolations.join("', '")}'; got ${describe(isolation)}`);
}

function assertSameIsolation(parent: TransactionScope, isolation: Isolation | undefined): void {
  if (isolation === undefined || isolation === parent.isolation) return;
  throw new UsageError(
    `A nested transaction has the isolation of the outermost one, which is ${parent.isolation ? `'${parent.isolation}'` : "the database's default"}; got '${isolation}'. Ask for it at the outermost transaction().`,
  );
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : typeof value;
}
