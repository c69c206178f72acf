import type { Statement, StatementResult } from '../statement.js';
import type { SqliteDatabase } from './sqlite-driver.js';
import { OwnRows } from './own-rows.js';
import { SqliteHandle } from './sqlite-handle.js';

/** What the writing connection tells about the commits since it was opened. */
export interface WriterState {
  /** Counts the connections that there were: knex's pool may have replaced it. */
  readonly generation: number;
  /** Changes when another connection commits. */
  readonly dataVersion: number;
  /** Changes when tables do. */
  readonly schemaVersion: number;
  /** Rows that were changed on this connection by SQL that is not the library's. */
  readonly unexplained: number;
  /** How many writes and transactions of the library have ended. */
  readonly ownCommits: number;
  /** Who has a transaction open on it. */
  readonly transaction: 'none' | 'own' | 'other';
}

/** Every foreign key that changes rows when others go, as child and parent; and every trigger, without a parent. */
const sideEffectsSql = `
  SELECT child.name, key."table" FROM sqlite_master AS child, pragma_foreign_key_list(child.name) AS key
  WHERE child.type = 'table' AND key.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
  UNION ALL SELECT name, NULL FROM sqlite_master WHERE type = 'trigger'`;

/** False for a foreign key into these tables from one that is not among them. */
function isAmong(tables: readonly string[], [child, parent]: readonly unknown[]): boolean {
  return !tables.includes(String(parent)) || tables.includes(String(child));
}

function isTrigger([, parent]: readonly unknown[]): boolean {
  return parent === null;
}

/** The one connection of the pool, which writes. Accounts for what the library's own statements change. */
export class SqliteWriter {
  readonly ownRows = new OwnRows();
  #handle: SqliteHandle;
  #generation = 1;
  #explained: number;
  #ownCommits = 0;
  #ownTransaction = false;

  constructor(database: SqliteDatabase) {
    this.#handle = new SqliteHandle(database);
    this.#explained = this.#handle.totalChanges();
  }

  get database(): SqliteDatabase {
    return this.#handle.database;
  }

  get generation(): number {
    return this.#generation;
  }

  get isOpen(): boolean {
    return this.#handle.database.open;
  }

  /** True while a statement on it would stand alone. */
  get isIdle(): boolean {
    const { open, inTransaction } = this.#handle.database;
    return open && !inTransaction;
  }

  /** Goes over to the connection that the pool hands out. */
  adopt(database: SqliteDatabase): void {
    if (database === this.#handle.database) return;
    this.#handle = new SqliteHandle(database);
    this.#generation += 1;
    this.#explained = this.#handle.totalChanges();
    this.#ownTransaction = false;
    this.ownRows.follow(database);
  }

  /** Notes from now on which rows of a log the library's own statements cause. */
  noteOwnRows(table: string | undefined): void {
    this.ownRows.follow(this.database, table);
  }

  read(text: string, parameters: readonly unknown[]): unknown[][] {
    return this.#handle.read(text, parameters);
  }

  execute(statement: Statement): StatementResult {
    const { database } = this.#handle;
    const { inTransaction } = database;
    const before = statement.writes ? this.#handle.totalChanges() : 0;
    let result: StatementResult | undefined;
    if (statement.writes) this.ownRows.begin(database);
    try {
      result = this.#handle.execute(statement);
      return result;
    } finally {
      if (statement.writes) {
        const logged = this.ownRows.end(result?.changes);
        this.#explain(statement, this.#handle.totalChanges() - before - logged, result);
        this.#explained += logged;
      }
      if (database.inTransaction) this.#ownTransaction ||= !inTransaction;
      else this.#ended();
    }
  }

  /** Rows that were changed by SQL that is not the library's; those that were rolled back count too. */
  unexplained(): number {
    return this.#handle.totalChanges() - this.#explained;
  }

  schemaVersion(): number {
    return this.#handle.schemaVersion();
  }

  /** Throws where it cannot tell: an iterator holds a snapshot open on it. */
  inspect(): WriterState {
    const { database } = this.#handle;
    database.exec(''); // throws while a statement iterates, which inTransaction does not show
    return {
      generation: this.#generation,
      dataVersion: this.#handle.dataVersion(),
      schemaVersion: this.#handle.schemaVersion(),
      unexplained: this.unexplained(),
      ownCommits: this.#ownCommits,
      transaction: this.#transaction(),
    };
  }

  /**
   * NOTE: rows that a trigger or an undeclared cascade changed along with a statement stay unexplained: the library
   * does not know which they are, so everything must be forgotten, as if somebody else had written.
   */
  #explain(statement: Statement, changed: number, result: StatementResult | undefined): void {
    const own = result?.changes ?? changed; // what a failed statement changed was undone
    // NOTE: triggers that log changes are triggers too; what else they were about the log tells
    const known = own === changed || (!this.ownRows.isFollowing && this.#isDeclared(statement.cascades ?? []));
    this.#explained += known ? changed : own;
  }

  /** Whether nothing but foreign keys of these tables can have changed rows along with a statement. */
  #isDeclared(tables: readonly string[]): boolean {
    try {
      const { rows } = this.#handle.execute({ text: sideEffectsSql, parameters: [], prepare: true });
      return rows.every((row) => !isTrigger(row) && isAmong(tables, row));
    } catch {
      return false; // it cannot be told, and the statement itself has succeeded
    }
  }

  #transaction(): WriterState['transaction'] {
    if (!this.#handle.database.inTransaction) return 'none';
    return this.#ownTransaction ? 'own' : 'other';
  }

  #ended(): void {
    this.#ownTransaction = false;
    this.#ownCommits += 1;
  }
}
