import createKnex, { type Knex } from 'knex';
import type { PostgresQuery, PostgresResult } from '../../src/database/postgres/postgres-driver.js';
import { captureStatement } from './guarantee/capture-statements.js';
import type { Scheduler } from './scheduler.js';
import { MustWait, type OpenTransaction, type SimulatedDatabase } from './simulated-database.js';
import { parse, type Command } from './sql.js';

type Callback = (error: Error | null | undefined, result: PostgresResult) => void;

/** The process whose connections these are. */
export interface Host {
  readonly name: string;
  /** Whether it has died: nothing reaches it any more. */
  readonly isDead: boolean;
  readonly connections: Set<SimulatedConnection>;
}

/** Where connections lead. */
export interface Route {
  readonly database: SimulatedDatabase;
  readonly scheduler: Scheduler;
  /** The chance that a connection is lost before an answer has come. */
  lostAnswers: number;
  /** The chance that one is lost before a request has come. */
  lostRequests: number;
}

interface Request {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Undefined for what change capture asks. */
  readonly command: Command | undefined;
  readonly name: string;
}

const nothing: PostgresResult = { command: '', rowCount: null, rows: [] };

let processes = 0;

/** A client of pg whose server is the simulated database: a statement takes its time to get there, and its answer to get back. */
export class SimulatedConnection {
  readonly readyForQuery = true;
  /** The server process behind it. */
  readonly processID: number;
  __knex__disposed: unknown;
  readonly #route: Route;
  readonly #host: Host;
  #transaction: OpenTransaction | undefined;
  #isBusy = false;

  constructor(route: Route, host: Host) {
    this.#route = route;
    this.#host = host;
    processes += 1;
    this.processID = processes;
    host.connections.add(this);
  }

  query({ text, values }: PostgresQuery, callback: Callback): void {
    const { scheduler } = this.#route;
    const command = captureStatement(text) ? undefined : parse(text);
    const request = { text, values, command, name: command?.kind ?? 'capture' };
    this.#isBusy = true;
    scheduler.when(`${this.#host.name} ${request.name} reaches the database${scheduler.detail([text, values])}`, () =>
      this.#execute(request, callback),
    );
  }

  end(callback: () => void): void {
    this.#endSession();
    callback();
  }

  /** The process has died. What it had asked for may still be done. */
  abandon(): void {
    if (this.#isBusy) return;
    this.#route.scheduler.when('the database notices that a connection has ended', () => this.#endSession());
  }

  once(): void {
    // It is always ready.
  }

  off(): void {
    // As above.
  }

  unref(): void {
    // There is no socket.
  }

  getTypeParser(): (text: string) => unknown {
    return (text) => text;
  }

  #endSession(): void {
    const { database } = this.#route;
    if (this.#transaction) database.end(this.#transaction);
    this.#transaction = undefined;
    database.capture?.endSession(this);
    this.#host.connections.delete(this);
  }

  #execute(request: Request, callback: Callback): void {
    const { database, scheduler, lostAnswers, lostRequests } = this.#route;
    const isLost = lostRequests > 0 && scheduler.random.fraction() < lostRequests;
    let result: PostgresResult | undefined;
    let failure: Error | undefined;
    try {
      if (!isLost) result = this.#run(request);
    } catch (error) {
      if (error instanceof MustWait) {
        database.waitForEnd(scheduler, () => this.#execute(request, callback));
        return;
      }
      failure = error as Error; // nothing else is thrown there
    }
    const losesAnswer = lostAnswers > 0 && scheduler.random.fraction() < lostAnswers;
    if (isLost || losesAnswer) failure = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    const told = scheduler.detail(failure ? failure.message : result?.rows);
    scheduler.when(`${this.#host.name} ${request.name} is answered${told}`, () => {
      this.#isBusy = false;
      if (this.#host.isDead) this.#endSession();
      else callback(failure, failure ? nothing : (result ?? nothing));
    });
  }

  #run(request: Request): PostgresResult {
    const { database } = this.#route;
    switch (request.command?.kind) {
      case 'begin':
        this.#transaction = database.begin(this.#host.name);
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
        return this.#runStatement(request);
    }
  }

  #runStatement({ text, values, command }: Request): PostgresResult {
    const { database } = this.#route;
    const transaction = this.#transaction ?? database.begin(this.#host.name);
    let isDone = false;
    try {
      if (!command) return this.#runCapture(transaction, text, values);
      const { rows, command: name } = database.run(transaction, command, values);
      isDone = true;
      return { command: name, rowCount: rows.length, rows };
    } finally {
      if (!this.#transaction) this.#endAlone(transaction, isDone);
    }
  }

  #runCapture(transaction: OpenTransaction, text: string, parameters: readonly unknown[]): PostgresResult {
    const { capture: tables } = this.#route.database;
    const rows = tables && captureStatement(text)?.({ tables, session: this, transaction, text, parameters });
    if (!rows) throw new Error('change capture is not set up in this simulation');
    return { command: 'SELECT', rowCount: rows.length, rows };
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
  releaseConnection: (connection: SimulatedConnection) => Promise<void>;
  acquireRawConnection: () => Promise<unknown>;
  destroyRawConnection: (connection: SimulatedConnection) => Promise<void>;
}

/** A knex instance for `connect({ database })`. */
export function simulatedKnex(route: Route, host: Host): Knex {
  const knex = createKnex({ client: 'pg' });
  const client = knex.client as Overridden; // knex gives it no type
  client.pool = { max: 100, numPendingAcquires: () => 1 }; // NOTE: somebody waits, so the library keeps none back, which it does by a real timer
  client.acquireConnection = () => Promise.resolve(new SimulatedConnection(route, host));
  client.acquireRawConnection = client.acquireConnection;
  client.releaseConnection = async (connection) => {
    host.connections.delete(connection);
  };
  client.destroyRawConnection = async (connection) => {
    connection.end(() => undefined);
  };
  return knex;
}
