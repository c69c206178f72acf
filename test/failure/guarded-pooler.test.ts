import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import pg from 'pg';
import { connect, transaction, type Database, type GuaranteeLevel } from '../../src/index.js';
import { freshPrefix } from '../setup/fresh.js';
import { startPooler, startPostgres, startRedis, type TestServer } from '../setup/servers.js';
import { createCaptured } from '../support/captured.js';
import { Book, shelfModels } from '../support/captured-models.js';
import { firstBook, freshBooks } from '../support/first-book.js';
import { until } from '../support/until.js';

const window = 500;
const longestGateMs = window * 1.05 + 50;

describe('guarantees behind a PgBouncer that gives each transaction another connection', function () {
  this.timeout(40_000);
  let postgres: TestServer;
  let pooler: TestServer;
  let redis: TestServer;
  let other: pg.Client;
  let prefix: string;
  const opened: Database[] = [];
  const { titleNow, hit, cached } = firstBook(opened);

  const open = async (level: GuaranteeLevel, name = 'default'): Promise<Database> => {
    const db = await connect({
      database: pooler.url,
      cache: redis.url,
      prefix,
      name,
      preparedStatements: false,
      capture: { pollMs: 5, checkMs: 100 },
      guarantee: { level, window },
    });
    opened.unshift(db);
    return db;
  };
  const rename = async (title: string): Promise<void> => {
    const book = await Book.objects.noCache().get({ id: 1 });
    book.title = title;
    await book.save();
  };

  before(async function () {
    this.timeout(180_000); // a pooler may have to be installed first
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    pooler = await startPooler(postgres, 3);
    await createCaptured(postgres.url, shelfModels);
  });

  after(async () => {
    await pooler.kill();
    await Promise.all([postgres.kill(), redis.kill()]);
  });

  beforeEach(async () => {
    prefix = freshPrefix();
    other = new pg.Client(postgres.url);
    await other.connect();
    await freshBooks(other);
  });

  afterEach(async () => {
    for (const db of opened.splice(0)) await db.close();
    await other.end();
  });

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
      await other.query("UPDATE captured_books SET title = 'by plain SQL'");
      const committedAt = performance.now();
      await until(async () => (await titleNow()) === 'by plain SQL');
      expect(performance.now() - committedAt).to.be.lessThan(longestGateMs);
    });
  }

  it('hold where it restarts, and every connection through it is lost', async () => {
    await open('guarded');
    await cached('first');
    await pooler.kill();
    await other.query("UPDATE captured_books SET title = 'meanwhile'");
    await new Promise((resolve) => setTimeout(resolve, longestGateMs));
    expect(await hit().catch(() => undefined)).to.equal(undefined);
    await pooler.restart();
    await cached('meanwhile');
  });
});
