import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import pg from 'pg';
import { connect } from '../../src/index.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { until } from '../support/until.js';
import { Page, Person, type ListName } from './support/stampede-models.js';
import { answerOf, heard, StampedeProcesses, type Answer } from './support/stampede-processes.js';

describe('many misses of one cached list in several processes', function () {
  this.timeout(120_000);
  let processes: StampedeProcesses | undefined;
  let address: readonly [string, string, string];
  let blocker: pg.Client;

  beforeEach(async () => {
    address = [await freshDatabase('postgres'), await sharedRedisUrl(), freshPrefix()];
    const [database, cache, prefix] = address;
    const db = await connect({ database, cache, prefix });
    await db.createTables([Person, Page]);
    await Person.objects.bulkCreate([{ team: 1 }, { team: 1 }, { team: 2 }]);
    await Page.objects.bulkCreate([{ team: 1 }, { team: 1 }, { team: 2 }]);
    await db.close();
    blocker = new pg.Client({ connectionString: database });
    await blocker.connect();
  });

  afterEach(async () => {
    await blocker.end();
    await processes?.end();
    processes = undefined;
  });

  /** How many sessions wait for the tables. */
  async function blocked(): Promise<number> {
    const { rows } = await blocker.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return rows[0]?.n ?? 0;
  }

  /** Lets four processes ask while nobody gets an answer, until each of them waits: for the database, or for another. */
  async function stampede(mode: ListName): Promise<{ readonly asked: number; readonly answers: readonly Answer[] }> {
    const { all } = (processes = await StampedeProcesses.start(4, address, mode));
    await blocker.query('BEGIN; LOCK TABLE stampede_people, stampede_pages IN ACCESS EXCLUSIVE MODE');
    let waiting = 0;
    for (const child of all) void heard(child, 'waiting').then(() => (waiting += 1));
    const answers = all.map(answerOf);
    for (const child of all) child.send({ calls: 250 });
    await until(async () => waiting + (await blocked()) === 4);
    const asked = await blocked();
    await blocker.query('ROLLBACK');
    return { asked, answers: await Promise.all(answers) };
  }

  const ofTheList = ({ statements }: Answer): readonly string[] =>
    statements.filter((text) => text.includes('ORDER BY'));

  for (const [mode, most] of [
    ['list', 1],
    ['list by reference', 1],
    ['list without a lock', 4],
  ] as const) {
    it(`1,000 of a ${mode} in 4 processes send it ${most} times`, async () => {
      const { asked, answers } = await stampede(mode);
      expect(asked).to.equal(most);
      expect(answers.flatMap(ofTheList)).to.have.length(most);
      expect(new Set(answers.flatMap(({ values }) => values))).to.deep.equal(new Set(['1,2']));
    });
  }
});
