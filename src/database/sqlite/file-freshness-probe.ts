import type { FreshnessProbe } from '../dialect.js';
import type { ReadLock } from './read-lock.js';
import type { SqliteHandle } from './sqlite-handle.js';
import type { SqliteWriter, WriterState } from './sqlite-writer.js';

/**
 * Tells for a database file whether somebody else may have committed since the last call.
 *
 * The reader never writes, never begins a transaction and never iterates, so its `data_version` changes with every
 * commit of anybody, this process included: the same number means that nothing was committed. Another number may come
 * from the library alone. That is so exactly if
 *  - no other connection committed: the writer's own `data_version`, which its own commits leave alone, is the same.
 *    It is up to date outside transactions, and inside ours, which are IMMEDIATE, so that nobody else can commit;
 *  - no other SQL wrote through the writer (knex): every change of `total_changes()` and of `schema_version` happened
 *    during a statement of the library; and
 *  - the library committed something at all.
 * In a transaction that is not ours, and while somebody iterates, the writer may look at an old snapshot: the answer is
 * then yes. What other SQL wrote inside a transaction that is still open stays unexplained until it has ended.
 * Only changes in the main database are seen, not those in attached ones.
 */
export class FileFreshnessProbe implements FreshnessProbe {
  readonly #reader: SqliteHandle;
  readonly #writer: SqliteWriter;
  readonly #readLock: ReadLock | undefined;
  #seen: number;
  /** The same for `moved`. */
  #seenMoving: number;
  #known: WriterState;

  constructor(reader: SqliteHandle, writer: SqliteWriter, readLock: ReadLock | undefined) {
    this.#reader = reader;
    this.#writer = writer;
    this.#readLock = readLock;
    this.#seen = reader.dataVersion();
    this.#seenMoving = this.#seen;
    this.#known = writer.inspect();
  }

  changedElsewhere(): boolean {
    try {
      const seen = this.#version();
      return seen !== this.#seen && this.#somebodyElse(seen);
    } catch {
      return true; // SQLITE_BUSY, or a connection that is closed: it cannot be told, now or at the next call
    }
  }

  moved(): boolean {
    try {
      const seen = this.#version();
      if (seen === this.#seenMoving) return false;
      this.#seenMoving = seen;
      return true;
    } catch {
      return true;
    }
  }

  read(text: string, parameters: readonly unknown[]): unknown[][] {
    return this.#reader.read(text, parameters);
  }

  schemaVersion(): number {
    return this.#reader.schemaVersion();
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

  #version(): number {
    const version = this.#reader.dataVersion();
    this.#readLock?.noteRead(version);
    return version;
  }

  #somebodyElse(seen: number): boolean {
    const known = this.#known;
    const now = this.#writer.isOpen ? this.#writer.inspect() : { ...known, generation: noGeneration };
    this.#seen = seen;
    this.#known = now.transaction === 'none' ? now : withoutOpenChanges(now, known);
    return (
      now.transaction === 'other' ||
      now.generation !== known.generation ||
      now.dataVersion !== known.dataVersion ||
      now.schemaVersion !== known.schemaVersion ||
      now.unexplained !== known.unexplained ||
      now.ownCommits === known.ownCommits
    );
  }
}

/** While there is no writer; the next one is another generation. */
const noGeneration = 0;

/** What may still be rolled back counts once it is committed. */
function withoutOpenChanges(now: WriterState, known: WriterState): WriterState {
  if (now.generation !== known.generation) return { ...now, unexplained: 0 };
  return { ...now, unexplained: known.unexplained, schemaVersion: known.schemaVersion };
}
