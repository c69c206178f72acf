import type { SqliteDatabase } from './sqlite-driver.js';

const trigger = 'moneyclip_own_rows';
/** More than so many are forgotten; then they are taken for rows of somebody else. */
const mostTokens = 10_000;

/**
 * Which rows of a log the library's own statements cause on the writer. A trigger that only this connection has tells
 * the token of each; tokens never recur, so that those of rows that were rolled back do no harm.
 */
export class OwnRows {
  readonly #tokens = new Set<string>();
  #table: string | undefined;
  #database: SqliteDatabase | undefined;
  /** Whether the trigger is still to be made, or to be taken away. */
  #isOutdated = false;
  /** Those of the statement that is running; undefined while none of the library's is. */
  #running: string[] | undefined;

  /** Whether rows are noted now. */
  get isFollowing(): boolean {
    return this.#database !== undefined;
  }

  /** Goes over to a connection, or to the log of another table. */
  follow(database: SqliteDatabase, table = this.#table): void {
    this.#table = table;
    this.#database = undefined;
    this.#isOutdated = true;
    this.#tryToFollow(database);
  }

  /** NOTE: not in a transaction, whose rollback would take the trigger along. */
  #tryToFollow(database: SqliteDatabase): void {
    if (!this.#isOutdated || database.inTransaction) return;
    try {
      database.exec(`DROP TRIGGER IF EXISTS temp.${trigger}`);
      if (this.#table !== undefined) this.#install(database, this.#table);
      this.#isOutdated = false;
    } catch {
      // Locked, or somebody iterates, or no such table: what is not noted is taken for rows of somebody else.
    }
  }

  #install(database: SqliteDatabase, table: string): void {
    database.function(trigger, { deterministic: false }, (token: string) => {
      this.#running?.push(token);
      return null;
    });
    database.exec(
      `CREATE TEMP TRIGGER ${trigger} AFTER INSERT ON main."${table}" BEGIN SELECT ${trigger}(NEW.token); END`,
    );
    this.#database = database;
  }

  /** Called before a statement of the library that writes. */
  begin(database: SqliteDatabase): void {
    this.#tryToFollow(database);
    this.#running = [];
  }

  /** Called after it, with the number of rows that it answers for; answers how many were logged. Where these are more they are not its own. */
  end(changes: number | undefined): number {
    const running = this.#running ?? [];
    this.#running = undefined;
    if (running.length !== changes) return running.length;
    if (this.#tokens.size > mostTokens) this.#tokens.clear();
    for (const token of running) this.#tokens.add(token);
    return running.length;
  }

  has(token: string): boolean {
    return this.#tokens.has(token);
  }

  forget(): void {
    this.#tokens.clear();
  }
}
