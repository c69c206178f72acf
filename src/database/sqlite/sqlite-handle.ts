import type { Statement, StatementResult } from '../statement.js';
import { registerFunctions } from './sqlite-functions.js';
import type { SqliteDatabase, SqliteStatement } from './sqlite-driver.js';

const preparedLimit = 500;

/** A connection of better-sqlite3 with its prepared statements. Everything here is synchronous. */
export class SqliteHandle {
  readonly database: SqliteDatabase;
  readonly #prepared = new Map<string, SqliteStatement>();
  readonly #totalChanges: SqliteStatement;
  readonly #dataVersion: SqliteStatement;
  readonly #schemaVersion: SqliteStatement;

  constructor(database: SqliteDatabase) {
    this.database = database;
    registerFunctions(database);
    this.#totalChanges = database.prepare('SELECT total_changes()').pluck(true);
    this.#dataVersion = database.prepare('PRAGMA data_version').pluck(true);
    this.#schemaVersion = database.prepare('PRAGMA schema_version').pluck(true);
  }

  execute(statement: Statement): StatementResult {
    const prepared = statement.prepare ? this.#cached(statement.text) : this.database.prepare(statement.text);
    if (!prepared.reader) return { rows: [], changes: prepared.run(statement.parameters).changes };
    const rows = prepared.raw(true).all(statement.parameters) as unknown[][]; // raw(true) gives each row as an array
    const changes = statement.writes ? rows.length : 0;
    if (!statement.named) return { rows, changes };
    return { rows, changes, columns: prepared.columns().map(({ name }) => name) };
  }

  /** What a text that is asked again and again answers. */
  read(text: string, parameters: readonly unknown[]): unknown[][] {
    return this.#cached(text).raw(true).all(parameters) as unknown[][]; // raw(true) gives each row as an array
  }

  /** How many rows this connection has changed since it was opened, with those that were rolled back. */
  totalChanges(): number {
    return this.#totalChanges.get() as number; // a count
  }

  /** A number that changes when another connection commits. */
  dataVersion(): number {
    return this.#dataVersion.get() as number; // a count
  }

  /** A number that changes when tables, indexes or triggers do. */
  schemaVersion(): number {
    return this.#schemaVersion.get() as number; // a count
  }

  #cached(text: string): SqliteStatement {
    const known = this.#prepared.get(text);
    if (known) return known;
    const made = this.database.prepare(text);
    if (this.#prepared.size >= preparedLimit) this.#forgetOldest();
    this.#prepared.set(text, made);
    return made;
  }

  #forgetOldest(): void {
    for (const text of this.#prepared.keys()) {
      this.#prepared.delete(text);
      return;
    }
  }
}
