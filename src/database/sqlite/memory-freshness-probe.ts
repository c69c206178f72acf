import type { FreshnessProbe } from '../dialect.js';
import type { SqliteWriter } from './sqlite-writer.js';

/**
 * Tells for a database in memory whether SQL that is not the library's (knex) changed something. There is one
 * connection and nobody else can reach it: every change of `total_changes()` that did not happen during a statement of
 * the library is such SQL. Changed tables do not count there, so they are looked for whenever knex gave the connection
 * back. Changes in a transaction that is still open stay unexplained until it has ended.
 */
export class MemoryFreshnessProbe implements FreshnessProbe {
  readonly #writer: SqliteWriter;
  #generation: number;
  #unexplained = 0;
  #schemaVersion: number;
  #tablesChanged = false;

  constructor(writer: SqliteWriter) {
    this.#writer = writer;
    this.#generation = writer.generation;
    this.#schemaVersion = writer.schemaVersion();
  }

  changedElsewhere(): boolean {
    try {
      const unexplained = this.#writer.unexplained();
      if (unexplained === this.#unexplained && !this.#tablesChanged && this.#generation === this.#writer.generation) {
        return false;
      }
      if (this.#writer.isIdle) this.#accept(unexplained);
    } catch {
      // The connection is closed, and the database gone with it.
    }
    return true;
  }

  moved(): boolean {
    return this.changedElsewhere();
  }

  read(text: string, parameters: readonly unknown[]): unknown[][] {
    if (!this.#writer.isIdle) throw new TypeError('a transaction is open on the only connection');
    return this.#writer.read(text, parameters);
  }

  schemaVersion(): number {
    return this.#writer.schemaVersion();
  }

  noteOwnRows(table: string | undefined): void {
    this.#writer.noteOwnRows(table);
  }

  isOwnRow(token: string): boolean {
    return this.#writer.ownRows.has(token);
  }

  forgetOwnRows(): void {
    if (this.#writer.isIdle) this.#writer.ownRows.forget();
  }

  /** Called after SQL that is not the library's. */
  lookForChangedTables(): void {
    const now = this.#writer.schemaVersion();
    if (now !== this.#schemaVersion) this.#tablesChanged = true;
    this.#schemaVersion = now;
  }

  #accept(unexplained: number): void {
    this.#unexplained = unexplained;
    this.#tablesChanged = false;
    this.#generation = this.#writer.generation;
  }
}
