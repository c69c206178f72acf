import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import createKnex from 'knex';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import pg from 'pg';
import { connect, type ConnectOptions, type Database } from '../../src/index.js';
import type { Clock } from '../../src/support/clock.js';
import { FakeClock } from '../../src/testing/index.js';
import { root } from '../architecture/source-files.js';
import { freshPrefix } from '../setup/fresh.js';
import { startPostgres, startRedis, startStandby, type TestServer } from '../setup/servers.js';
import { startTcpProxy, type TcpProxy } from '../setup/tcp-proxy.js';
import { createCaptured } from '../support/captured.js';
import { Book, shelfModels } from '../support/captured-models.js';
import { heardByAll } from '../support/outbox.js';
import { until } from '../support/until.js';

const capture = { pollMs: 5, checkMs: 100 };

describe('change capture where something fails', function () {
  this.timeout(40_000);
  let postgres: TestServer;
  let redis: TestServer;
  let proxy: TcpProxy;
  let redisProxy: TcpProxy;
  let other: pg.Client;
  let prefix: string;
  const opened: Database[] = [];
  const children: ChildProcess[] = [];

  const proxied = (): string => postgres.url.replace(String(postgres.port), String(proxy.port));
  const open = async (options: Partial<ConnectOptions> = {}): Promise<Database> => {
    const db = await connect({ database: proxied(), cache: redis.url, prefix, capture, ...options });
    opened.push(db);
    return db;
  };
  const run = (fixture: string): ChildProcess => {
    const script = join(root, 'test/failure/fixtures', fixture);
    const args = ['--import', 'tsx', script, postgres.url, redis.url, prefix];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };

  before(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    await createCaptured(postgres.url, shelfModels);
  });

  after(() => Promise.all([postgres.kill(), redis.kill()]));

  beforeEach(async () => {
    prefix = freshPrefix();
    proxy = await startTcpProxy({ port: postgres.port });
    redisProxy = await startTcpProxy({ port: redis.port });
    other = new pg.Client(postgres.url);
    await other.connect();
    await other.query('TRUNCATE captured_shelves CASCADE; TRUNCATE moneyclip_capture.outbox');
    await other.query('TRUNCATE moneyclip_capture.consumer');
    await other.query("INSERT INTO captured_shelves VALUES (1, 'a')");
    await other.query("INSERT INTO captured_books (id, title, code, shelf_id) VALUES (1, 'first', 'one', 1)");
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    proxy.resume();
    redisProxy.resume();
    for (const db of opened.splice(0)) await db.close();
    await other.end().catch(() => undefined);
    await proxy.close();
    await redisProxy.close();
  });

  it('hears of a writer that is killed between COMMIT and its invalidation', async () => {
    await open();
    await Book.cache.get(1);
    const [, signal] = (await once(run('dying-writer.ts'), 'exit')) as [number, string];
    expect(signal).to.equal('SIGKILL');
    await heardByAll(other);
    expect((await Book.cache.get(1)).title).to.equal('written by one who died');
  });

  it('loses nothing while no process listens', async () => {
    const db = await open();
    await Book.cache.get(1);
    await db.close();
    await other.query("UPDATE captured_books SET title = 'unheard'");
    await open();
    expect((await Book.cache.get(1)).title).to.equal('unheard');
  });

  it('goes on when the process that leads is killed', async () => {
    const leader = run('listener.ts');
    await once(leader.stdout!, 'data');
    await open({ capture: { pollMs: 5, checkMs: 100 } });
    await Book.cache.get(1);
    await other.query("UPDATE captured_books SET title = 'two listen'");
    await heardByAll(other);
    expect((await Book.cache.get(1)).title).to.equal('two listen');
    leader.kill('SIGKILL');
    await once(leader, 'exit');
    await other.query("UPDATE captured_books SET title = 'one listens'");
    await heardByAll(other);
    expect((await Book.cache.get(1)).title).to.equal('one listens');
  });

  it('works with processes that do not know the tables, on one prefix', async () => {
    await open({ name: 'strangers' });
    await open();
    await Book.cache.get(1);
    await other.query("UPDATE captured_books SET title = 'known to one'");
    await heardByAll(other);
    expect((await Book.cache.get(1)).title).to.equal('known to one');
  });

  it('serves applications with caches of their own, each of which must have heard', async () => {
    const first = await open();
    await Book.cache.get(1);
    const { rows } = await other.query<{ id: string }>('SELECT id FROM moneyclip_capture.consumer');
    await open({ name: 'second', prefix: freshPrefix() });
    await open({ name: 'third', cache: 'memory:' });
    await other.query("UPDATE captured_books SET title = 'for all'");
    await heardByAll(other);
    expect((await Book.cache.get(1)).title).to.equal('for all');
    await first.close();
    await other.query("UPDATE captured_books SET title = 'for one that is away'");
    const waiting = async (): Promise<{ id: string }[]> => {
      const answer = await other.query<{ id: string }>(`SELECT consumer.id FROM moneyclip_capture.consumer
        JOIN moneyclip_capture.outbox ON NOT pg_visible_in_snapshot(xid, seen)`);
      return answer.rows;
    };
    await until(async () => (await waiting()).length === 1);
    expect(await waiting()).to.deep.equal(rows);
    await open();
    await heardByAll(other);
    expect((await Book.cache.get(1)).title).to.equal('for one that is away');
  });

  it('hears of a transaction that commits after one which began later', async () => {
    await open();
    const early = new pg.Client(postgres.url);
    await early.connect();
    await early.query('BEGIN');
    await early.query("UPDATE captured_books SET title = 'early and late'");
    await other.query("UPDATE captured_shelves SET name = 'later and first'");
    await heardByAll(other);
    await Book.cache.get(1);
    await early.query('COMMIT');
    await early.end();
    await heardByAll(other);
    expect((await Book.cache.get(1)).title).to.equal('early and late');
  });

  it('forgets everything where it was taken for gone', async () => {
    await open();
    await Book.cache.get(1);
    await other.query('DELETE FROM moneyclip_capture.consumer');
    await until(async () => (await Book.cache.explain(1)).state === 'miss');
    await Book.cache.get(1);
    await other.query("UPDATE captured_books SET title = 'after it came back'");
    await heardByAll(other);
    expect((await Book.cache.get(1)).title).to.equal('after it came back');
  });

  it('comes back after PostgreSQL was restarted', async () => {
    await open();
    await Book.cache.get(1);
    await other.end();
    await postgres.restart();
    other = new pg.Client(postgres.url);
    await other.connect();
    await other.query("UPDATE captured_books SET title = 'after the restart'");
    await heardByAll(other);
    expect((await Book.cache.get(1)).title).to.equal('after the restart');
  });

  it('keeps what Redis could not be told', async () => {
    const cache = redis.url.replace(String(redis.port), String(redisProxy.port));
    await open({ cache });
    await Book.cache.get(1);
    redisProxy.cut();
    await other.query("UPDATE captured_books SET title = 'untold'");
    await until(async () => (await Book.cache.explain(1)).state === 'bypass');
    const { rows } = await other.query('SELECT 1 FROM moneyclip_capture.outbox');
    expect(rows.length).to.equal(1);
    redisProxy.resume();
    await heardByAll(other);
    expect((await Book.cache.get(1)).title).to.equal('untold');
  });

  it('serves nothing from the cache once it has heard nothing for 10 seconds', async () => {
    const clock = new FakeClock();
    await open({ clock });
    await Book.cache.get(1);
    proxy.stall();
    clock.advance(9999);
    expect((await Book.cache.explain(1)).state).to.equal('hit');
    clock.advance(1);
    expect((await Book.cache.explain(1)).reason).to.equal('nothing was heard of changes for 10 seconds');
    proxy.resume();
    await until(async () => {
      await clock.advanceAndSettle(5);
      return (await Book.cache.explain(1)).state === 'hit';
    });
  });

  it('serves nothing after it stood still for that long, also before any timer has run', async () => {
    const clock = new FakeClock();
    const behind: Clock = { now: () => clock.now() + stoodStillMs, schedule: (ms, task) => clock.schedule(ms, task) };
    let stoodStillMs = 0;
    await open({ clock: behind, cache: 'memory:' });
    await Book.cache.get(1);
    expect((await Book.cache.explain(1)).state).to.equal('hit');
    stoodStillMs = 10_000;
    expect((await Book.cache.explain(1)).reason).to.equal('nothing was heard of changes for 10 seconds');
    await until(async () => {
      await clock.advanceAndSettle(5);
      return (await Book.cache.explain(1)).state === 'hit';
    });
  });

  it('counts the 10 seconds from when it asked, not from when it was answered', async () => {
    const clock = new FakeClock();
    const db = await open({ clock });
    await Book.cache.get(1);
    await other.query("UPDATE captured_books SET title = 'answered late'");
    proxy.stall();
    await clock.advanceAndSettle(5); // it asks
    clock.advance(10_000);
    const { reason } = await Book.cache.explain(1);
    expect(reason).to.equal('nothing was heard of changes for 10 seconds');
    proxy.resume();
    await heardByAll(other);
    for (let trip = 0; trip < 20; trip += 1) await db.knex.raw('SELECT 1'); // its answer comes the same way
    expect((await Book.cache.explain(1)).reason).to.equal(reason);
    await until(async () => {
      await clock.advanceAndSettle(5);
      return (await Book.cache.explain(1)).state === 'miss';
    });
    expect((await Book.cache.get(1)).title).to.equal('answered late');
  });

  it('ends promptly, also while PostgreSQL does not answer', async () => {
    const db = await open();
    await Book.cache.get(1);
    await new Promise((resolve) => setImmediate(resolve));
    proxy.stall();
    const startedAt = performance.now();
    await db.close();
    expect(performance.now() - startedAt).to.be.below(10_000);
  });

  it('lets every process read where a pooler stands between, which no lock can lead', async () => {
    const knex = createKnex({ client: 'pg', connection: postgres.url });
    const client = knex.client as { acquireRawConnection(): Promise<{ processID: number }> };
    const acquire = client.acquireRawConnection.bind(client);
    client.acquireRawConnection = async () => Object.assign(await acquire(), { processID: 1 }); // as poolers announce
    const db = await connect({ database: knex, cache: redis.url, prefix, capture });
    await Book.cache.get(1);
    const { rows } = await other.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'");
    expect(rows.length).to.equal(0);
    await other.query("UPDATE captured_books SET title = 'through a pooler'");
    await heardByAll(other);
    expect((await Book.cache.get(1)).title).to.equal('through a pooler');
    await db.close();
    await knex.destroy();
  });

  it('is off on a hot standby', async () => {
    const standby = await startStandby(postgres);
    try {
      const db = await open({ database: standby.url });
      const reason = 'this server is a hot standby, whose rows lag behind; connect to the primary';
      expect((await Book.cache.explain(1)).reason).to.equal(reason);
      expect((await db.capture.status()).obstacle).to.equal(reason);
      await db.close();
    } finally {
      await standby.kill();
    }
  });
});
