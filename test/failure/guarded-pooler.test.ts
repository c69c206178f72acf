import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { transaction, type Database, type GuaranteeLevel } from '../../src/index.js';
import { startPooler, type TestServer } from '../setup/servers.js';
import { Book } from '../support/captured-models.js';
import { CapturedServers } from '../support/captured-servers.js';
import { firstBook } from '../support/first-book.js';
import { until } from '../support/until.js';

const window = 500;
const longestGateMs = window * 1.05 + 50;

describe('guarantees behind a PgBouncer that gives each transaction another connection', function () {
  this.timeout(40_000);
  const servers = new CapturedServers();
  const { opened } = servers;
  const { titleNow, hit, cached } = firstBook(opened);
  let pooler: TestServer;

  const open = async (level: GuaranteeLevel, name = 'default'): Promise<Database> => {
    const guarantee = { level, window };
    const db = await servers.open({ database: pooler.url, name, preparedStatements: false, guarantee });
    opened.unshift(...opened.splice(-1)); // the latest is the one whose hits count
    return db;
  };
  const rename = async (title: string): Promise<void> => {
    const book = await Book.objects.noCache().get({ id: 1 });
    book.title = title;
    await book.save();
  };

  before(async function () {
    this.timeout(180_000); // it may have to be installed first
    pooler = await startPooler(servers.postgres, 3);
  });

  after(() => pooler.kill());

  for (const level of ['guarded', 'strict', 'verify'] as const) {
    it(`hold at the level ${level}`, async () => {
      await open(level, 'another process');
      await open(level);
      await cached('first');
      for (let round = 0; round < 5; round += 1) {
        await rename(`round ${round}`);
        expect(await titleNow()).to.equal(`round ${round}`);
      }
      await cached('round 4');
      await transaction(async () => {
        await rename('undone');
        await transaction(() => rename('done'));
      });
      expect(await titleNow()).to.equal('done');
      await cached('done');
      await servers.other.query("UPDATE captured_books SET title = 'by plain SQL'");
      const committedAt = performance.now();
      await until(async () => (await titleNow()) === 'by plain SQL');
      expect(performance.now() - committedAt).to.be.lessThan(longestGateMs);
    });
  }

  it('hold where it restarts, and every connection through it is lost', async () => {
    await open('guarded');
    await cached('first');
    await pooler.kill();
    await servers.other.query("UPDATE captured_books SET title = 'meanwhile'");
    await new Promise((resolve) => setTimeout(resolve, longestGateMs));
    expect(await hit().catch(() => undefined)).to.equal(undefined);
    await pooler.restart();
    await cached('meanwhile');
  });
});
