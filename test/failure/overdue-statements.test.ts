import { expect } from 'chai';
import { ConnectionError } from '../../src/errors.js';
import type { DatabaseConnection } from '../../src/database/database-connection.js';
import { openDatabase } from '../../src/database/open-database.js';
import { sharedPostgresUrl } from '../setup/shared-servers.js';
import { rejection } from '../support/rejection.js';
import { read } from '../unit/database/statements.js';

describe('a statement that takes longer than queryTimeout', () => {
  let db: DatabaseConnection;
  let watcher: DatabaseConnection;

  before(async () => {
    const url = await sharedPostgresUrl();
    db = await openDatabase(url, { queryTimeoutMs: 150 });
    watcher = await openDatabase(url);
  });

  after(async () => {
    await db.close();
    await watcher.close();
  });

  /** How many of the server's processes still sleep on behalf of this test. */
  async function sleeping(mark: string): Promise<number> {
    const { rows } = await watcher.run({
      text: "SELECT count(*)::int FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1 AND pid <> pg_backend_pid()",
      parameters: [`%${mark}%`],
    });
    return Number(rows[0]?.[0]);
  }

  for (const prepare of [true, false]) {
    it(`is stopped on the server too, ${prepare ? 'prepared by name' : 'not prepared'}`, async () => {
      const mark = `overdue ${prepare}`;
      const running = db.run({ text: `SELECT pg_sleep(60) /* ${mark} */`, parameters: [], prepare });
      while ((await sleeping(mark)) === 0); // it has begun
      await rejection(running, ConnectionError);
      while ((await sleeping(mark)) > 0); // the request to stop is on its way
      expect((await db.run(read('SELECT 1'))).rows).to.deep.equal([[1]]);
    });
  }
});
