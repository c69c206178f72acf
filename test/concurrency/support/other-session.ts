import type { Database } from '../../../src/index.js';
import { Hold } from './hold.js';

/** A transaction that a script keeps open until it says so, on PostgreSQL, beside whatever else it does. */
export class OtherSession {
  readonly #end = new Hold();
  readonly #running: Promise<unknown>;

  private constructor(db: Database, work: () => Promise<unknown>, done: Hold) {
    this.#running = db.transaction(async () => {
      await work();
      void done.arrive();
      await this.#end.arrive();
    });
  }

  /** Opens it and resolves when `work` is done in it. */
  static async open(db: Database, work: () => Promise<unknown>): Promise<OtherSession> {
    const done = new Hold();
    const session = new OtherSession(db, work, done);
    await Promise.race([done.reached, session.#running]); // which rejects if the work does
    return session;
  }

  /** Commits it, and waits until everybody has heard of it. */
  async commit(): Promise<void> {
    this.#end.release();
    await this.#running;
  }
}

/** Resolves when somebody waits for a lock of the database. */
export async function somebodyWaits(db: Database): Promise<void> {
  for (;;) {
    const waiting = await db
      .knex('pg_stat_activity')
      .whereRaw("datname = current_database() and wait_event_type = 'Lock'");
    if (waiting.length > 0) return;
  }
}
