import { connectionNamed } from '../../../src/database/connections.js';
import type { DatabaseConnection } from '../../../src/database/database-connection.js';
import type { Statement } from '../../../src/database/statement.js';
import { Hold } from './hold.js';

interface Stop {
  readonly pattern: RegExp;
  readonly when: 'before' | 'after';
  readonly hold: Hold;
}

/** The open default connection, whose statements outside of transactions stop or fail where a script says so. */
export class ScriptedDatabase {
  #stops: Stop[] = [];
  #failures: RegExp[] = [];
  /** The SQL of all statements outside of transactions. */
  readonly texts: string[] = [];

  constructor() {
    const connection = connectionNamed('default', 'a test');
    const run = connection.run.bind(connection);
    const scripted: DatabaseConnection['run'] = (statement) => this.#run(statement, run);
    Object.defineProperty(connection, 'run', { configurable: true, value: scripted });
  }

  /** Stops the next statement that matches before it is sent, or after it was answered by the database. */
  hold(pattern: RegExp, when: 'before' | 'after'): Hold {
    const hold = new Hold();
    this.#stops.push({ pattern, when, hold });
    return hold;
  }

  /** Makes the next statement that matches fail. */
  failNext(pattern: RegExp): void {
    this.#failures.push(pattern);
  }

  async #run(statement: Statement, run: DatabaseConnection['run']): ReturnType<DatabaseConnection['run']> {
    this.texts.push(statement.text);
    const failure = this.#failures.find((pattern) => pattern.test(statement.text));
    if (failure) {
      this.#failures = this.#failures.filter((other) => other !== failure);
      throw new Error('the statement fails, as the test wants');
    }
    const stop = this.#stops.find(({ pattern }) => pattern.test(statement.text));
    this.#stops = this.#stops.filter((other) => other !== stop);
    if (stop?.when === 'before') await stop.hold.arrive();
    const result = await run(statement);
    if (stop?.when === 'after') await stop.hold.arrive();
    return result;
  }
}
