import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import fc from 'fast-check';
import { openDatabase } from '../../../src/database/open-database.js';
import { temporaryFolder } from '../../setup/temporary-folder.js';
import { write } from './statements.js';

/** What may happen between two questions. Foreign commits come from another connection, raw ones go through knex. */
type Step =
  | 'own'
  | 'own then rollback'
  | 'raw'
  | 'raw in own'
  | 'raw in own, asked inside'
  | 'raw transaction'
  | 'foreign'
  | 'ask'
  | 'ask often';

const steps: readonly Step[] = [
  'own',
  'own then rollback',
  'raw',
  'raw in own',
  'raw in own, asked inside',
  'raw transaction',
  'foreign',
  'ask',
  'ask often',
];

describe('the freshness probe under random histories', () => {
  it('never says no after somebody else committed, and never says yes after the library alone wrote', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...steps), { minLength: 3, maxLength: 25 }), async (history) => {
        const world = await openWorld();
        try {
          for (const step of [...history, 'ask' as const]) await world.take(step);
        } finally {
          await world.close();
        }
      }),
      { numRuns: 100, seed: 20240601 },
    );
  });
});

/** Nothing here must outlive a power cut. */
function hurry(connection: Database.Database, done: () => void): void {
  connection.pragma('synchronous = OFF');
  done();
}

interface World {
  take(step: Step): Promise<void>;
  close(): Promise<void>;
}

const folder = temporaryFolder('freshness');
let worlds = 0;

async function openWorld(): Promise<World> {
  worlds += 1;
  const file = join(folder, `${worlds}.db`);
  const db = await openDatabase({
    client: 'better-sqlite3',
    connection: { filename: file },
    pool: { afterCreate: hurry },
  });
  await db.run(write('CREATE TABLE t (id INTEGER PRIMARY KEY)'));
  const foreign = new Database(file);
  foreign.pragma('synchronous = OFF');
  const insert = foreign.prepare('INSERT INTO t DEFAULT VALUES');
  const own = () => db.run(write('INSERT INTO t DEFAULT VALUES'));
  const raw = () => db.knex.raw('INSERT INTO t DEFAULT VALUES');
  let elsewhere = false;
  let onlyOwn = true;

  const ask = (): void => {
    const answer = db.probe?.changedElsewhere();
    if (elsewhere) expect(answer, 'somebody else committed').to.equal(true);
    else if (onlyOwn) expect(answer, 'only the library wrote').to.equal(false);
    elsewhere = false;
    onlyOwn = true;
  };
  const actions: Record<Step, () => Promise<unknown> | void> = {
    own,
    'own then rollback': () =>
      db.transaction(() => own().then(() => Promise.reject(new Error('undo')))).catch(() => undefined),
    raw: () => changed(raw),
    'raw in own': () => changed(() => db.transaction(() => raw())),
    'raw in own, asked inside': () =>
      changed(() =>
        db.transaction(async () => {
          await raw();
          onlyOwn = false;
          ask();
        }),
      ),
    'raw transaction': () => changed(() => db.knex.transaction((trx) => trx.raw('INSERT INTO t DEFAULT VALUES'))),
    foreign: () => changed(async () => void insert.run()),
    ask,
    'ask often': () => {
      for (let i = 0; i < 12; i++) ask(); // the read lock is held then
    },
  };
  const changed = async (task: () => PromiseLike<unknown>): Promise<void> => {
    await task();
    elsewhere = true;
  };
  db.probe?.changedElsewhere(); // the table that was created
  return {
    take: async (step) => void (await actions[step]()),
    close: async () => {
      foreign.close();
      await db.close();
    },
  };
}
