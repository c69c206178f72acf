import { systemClock, type Clock } from '../../support/clock.js';
import type { SqliteDatabase, SqliteStatement } from './sqlite-driver.js';

/** As many reads of one version follow each other before the lock is taken: it costs about what two of them do. */
const worthwhile = 8;

/** It is given back after so long, in ms, or so many reads, so that whoever waits for readers to leave gets his turn. */
const longest = 20;
const mostReads = 5000;

/** So many commits may meet it; the next one does not. */
const mostMet = 16;

/**
 * Holds the read lock of a file in write-ahead mode for all connections of this process while many reads follow each other.
 *
 * SQLite takes a read lock for each statement and gives it back, by system calls that are most of what a look at the
 * file's version takes. Connections of one process share their locks, so while one of them is inside a transaction that
 * reads the newest commit, the others get theirs without a system call. What they see is the same: each of their
 * statements still begins a transaction of its own and compares the head of the log in shared memory.
 *
 * A lock on a commit that is no longer the newest keeps a checkpoint from copying what came later. So it is given back as
 * soon as another version is seen, before writes of this process, and after a short time at the latest; and once it was
 * held while that many commits came, the next comes without, so that the log begins anew and does not grow for ever.
 */
export class ReadLock {
  readonly #database: SqliteDatabase;
  readonly #clock: Clock;
  readonly #begin: SqliteStatement;
  readonly #read: SqliteStatement;
  readonly #end: SqliteStatement;
  #version: number | undefined;
  /** Reads of this version since the lock was taken or given back. */
  #reads = 0;
  /** After how many of them it is taken, or given back. */
  #enough = worthwhile;
  #cancelTimer: (() => void) | undefined;
  /** Whether it was held since the last commit that was seen. */
  #wasHeld = false;
  #commitsMet = 0;

  /** Takes over the connection, which nothing else may use. */
  constructor(database: SqliteDatabase, clock: Clock = systemClock) {
    this.#database = database;
    this.#clock = clock;
    this.#begin = database.prepare('BEGIN');
    this.#read = database.prepare('PRAGMA data_version').pluck(true);
    this.#end = database.prepare('ROLLBACK');
  }

  /** Another connection read the file, and saw this `data_version`. */
  noteRead(version: number): void {
    if (version !== this.#version) this.#noteCommit(version);
    else if (++this.#reads >= this.#enough) this.#holdOrRelease();
  }

  /** Before a write of this process: nothing has to wait for the lock. */
  letCommit(): void {
    this.#wasHeld = false;
    this.#release();
  }

  close(): void {
    this.#release();
    this.#database.close();
  }

  #noteCommit(version: number): void {
    this.#version = version;
    this.#commitsMet = this.#wasHeld ? this.#commitsMet + 1 : 0;
    this.letCommit();
  }

  #holdOrRelease(): void {
    if (this.#cancelTimer) this.#release();
    else if (this.#commitsMet < mostMet) this.#hold();
    this.#reads = 0;
  }

  #hold(): void {
    try {
      this.#begin.run([]);
      this.#read.get(); // BEGIN alone locks nothing
    } catch {
      this.#leave(); // locked, or closed: the others do without
      return;
    }
    this.#wasHeld = true;
    this.#enough = mostReads;
    this.#cancelTimer = this.#clock.schedule(longest, () => this.#release());
  }

  #release(): void {
    this.#reads = 0;
    if (!this.#cancelTimer) return;
    this.#cancelTimer();
    this.#cancelTimer = undefined;
    this.#enough = worthwhile;
    this.#leave();
  }

  #leave(): void {
    if (this.#database.open && this.#database.inTransaction) this.#end.run([]);
  }
}
