import createKnex, { type Knex } from 'knex';
import type { PostgresQuery, PostgresResult } from '../../src/database/postgres/postgres-driver.js';
import type { Scheduler } from './scheduler.js';
import { MustWait, type OpenTransaction, type SimulatedDatabase } from './simulated-database.js';
import { parse, type Command } from './sql.js';

type Callback = (error: Error | null | undefined, result: PostgresResult) => void;

/** Where connections lead. */
export interface Route {
  readonly database: SimulatedDatabase;
  readonly scheduler: Scheduler;
  /** The chance that a connection is lost before an answer has come. */
  lostAnswers: number;
}

const nothing: PostgresResult = { command: '', rowCount: null, rows: [] };

/** A client of pg whose server is the simulated database: a statement takes its time to get there, and its answer to get back. */
class SimulatedConnection {
  readonly readyForQuery = true;
  __knex__disposed: unknown;
  readonly #route: Route;
  readonly #process: number;
  #transaction: OpenTransaction | undefined;

  constructor(route: Route, process: number) {
    this.#route = route;
    this.#process = process;
  }

  query({ text, values }: PostgresQuery, callback: Callback): void {
    const { scheduler } = this.#route;
    const command = parse(text);
    scheduler.when(`p${this.#process} ${command.kind} reaches the database${scheduler.detail(values)}`, () =>
      this.#execute(command, values, callback),
    );
  }

  end(callback: () => void): void {
    if (this.#transaction) this.#route.database.end(this.#transaction);
    this.#transaction = undefined;
    callback();
  }

  once(): void {
    // It is always ready.
  }

  off(): void {
    // As above.
  }

  getTypeParser(): (text: string) => unknown {
    return (text) => text;
  }

  #execute(command: Command, values: readonly unknown[], callback: Callback): void {
    const { database, scheduler, lostAnswers } = this.#route;
    let result: PostgresResult | undefined;
    let failure: Error | undefined;
    try {
      result = this.#run(command, values);
    } catch (error) {
      if (error instanceof MustWait) {
        database.waitForEnd(scheduler, () => this.#execute(command, values, callback));
        return;
      }
      failure = error as Error; // nothing else is thrown there
    }
    const isLost = lostAnswers > 0 && scheduler.random.fraction() < lostAnswers;
    scheduler.when(
      `p${this.#process} ${command.kind} is answered${scheduler.detail(isLost ? 'lost' : result?.rows)}`,
      () => {
        if (isLost) callback(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), nothing);
        else callback(failure, result ?? nothing);
      },
    );
  }

  #run(command: Command, values: readonly unknown[]): PostgresResult {
    const { database } = this.#route;
    switch (command.kind) {
      case 'begin':
        this.#transaction = database.begin();
        return { ...nothing, command: 'BEGIN' };
      case 'commit':
        if (this.#transaction) database.commit(this.#transaction);
        this.#transaction = undefined;
        return { ...nothing, command: 'COMMIT' };
      case 'rollback':
        if (this.#transaction) database.end(this.#transaction);
        this.#transaction = undefined;
        return { ...nothing, command: 'ROLLBACK' };
      default:
        return this.#runStatement(command, values);
    }
  }

  #runStatement(command: Command, values: readonly unknown[]): PostgresResult {
    const { database } = this.#route;
    const transaction = this.#transaction ?? database.begin();
    let isDone = false;
    try {
      const { rows, command: name } = database.run(transaction, command, values);
      isDone = true;
      return { command: name, rowCount: rows.length, rows };
    } finally {
      if (!this.#transaction) this.#endAlone(transaction, isDone);
    }
  }

  /** Ends what a statement outside of any transaction did. */
  #endAlone(transaction: OpenTransaction, isDone: boolean): void {
    if (isDone) this.#route.database.commit(transaction);
    else this.#route.database.end(transaction);
  }
}

/** What knex's client is made to be: one whose pool gives connections to the simulated database. */
interface Overridden {
  pool: unknown;
  acquireConnection: () => Promise<unknown>;
  releaseConnection: () => Promise<void>;
}

/** A knex instance for `connect({ database })`. */
export function simulatedKnex(route: Route, process: number): Knex {
  const knex = createKnex({ client: 'pg' });
  const client = knex.client as Overridden; // knex gives it no type
  client.pool = { max: 100, numPendingAcquires: () => 1 }; // NOTE: somebody waits, so the library keeps none back, which it does by a real timer
  client.acquireConnection = () => Promise.resolve(new SimulatedConnection(route, process));
  client.releaseConnection = () => Promise.resolve();
  return knex;
}
