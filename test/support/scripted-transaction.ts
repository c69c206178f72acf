import { transaction, type Database } from '../../src/index.js';

type Isolation = NonNullable<NonNullable<Parameters<typeof transaction>[1]>['isolation']>;

interface Command {
  readonly run: () => Promise<unknown>;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

class Undone extends Error {}

/** Whether transactions can be open beside each other. */
export function isPostgres({ knex }: Database): boolean {
  const { config } = knex.client as { readonly config: { readonly client?: unknown } }; // of every client of knex
  return config.client === 'pg';
}

/** A transaction that does one step when it is told to, so that a script decides what happens in which order. */
export class ScriptedTransaction {
  readonly #result: Promise<unknown>;
  #give: (command: Command | 'commit' | 'roll back') => void = () => undefined;
  #next = this.#nextCommand();

  private constructor(isolation: Isolation | undefined, began: () => void) {
    const work = (): Promise<void> => this.#obey(began);
    this.#result = isolation ? transaction(work, { isolation }) : transaction(work);
    this.#result.catch(() => undefined); // told by `end`
  }

  /** Begins one. Where it would wait for a lock of another, it fails instead: nobody lets go of it meanwhile. */
  static async begin(db: Database, isolation?: Isolation): Promise<ScriptedTransaction> {
    const scripted = await new Promise<ScriptedTransaction>((resolve, reject) => {
      const made: ScriptedTransaction = new ScriptedTransaction(isolation, () => resolve(made));
      made.#result.catch(reject);
    });
    if (isPostgres(db)) {
      await scripted.step(() => db.knex.raw("SET LOCAL lock_timeout = '20ms'") as unknown as Promise<unknown>); // awaited like one
    }
    return scripted;
  }

  /** Does something in the transaction. */
  step<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#give({ run, resolve, reject });
    });
  }

  /** Ends it, and waits until what it did has its effect. */
  async end(how: 'commit' | 'roll back'): Promise<void> {
    this.#give(how);
    await this.#result.catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error;
    });
  }

  async #obey(began: () => void): Promise<void> {
    began();
    for (;;) {
      const command = await this.#next;
      this.#next = this.#nextCommand();
      if (command === 'commit') return;
      if (command === 'roll back') throw new Undone();
      await command.run().then(command.resolve, command.reject);
    }
  }

  #nextCommand(): Promise<Command | 'commit' | 'roll back'> {
    return new Promise((resolve) => (this.#give = resolve));
  }
}
