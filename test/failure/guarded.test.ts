import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, it } from 'mocha';
import {
  invalidateAll,
  invalidateTag,
  UnconfirmedInvalidationError,
  type ConnectOptions,
  type Database,
} from '../../src/index.js';
import { weakened } from '../../src/support/weakened.js';
import { startTcpProxy, type TcpProxy } from '../setup/tcp-proxy.js';
import { Book } from '../support/captured-models.js';
import { CapturedServers } from '../support/captured-servers.js';
import { firstBook } from '../support/first-book.js';
import { holdRelays, releaseAll } from '../support/holds.js';
import { until } from '../support/until.js';

const window = 500;
const longestGateMs = window * 1.05 + 50;

describe('the guarded level where something fails', function () {
  this.timeout(40_000);
  let proxy: TcpProxy;
  let admin: Redis;

  afterEach(async () => {
    releaseAll(); // before what they hold up is closed
    weakened.runId = false;
    if (!servers.redis.process.isRunning) await servers.redis.restart();
    await configure('min-replicas-to-write', '0');
    proxy.resume();
  });

  const servers = new CapturedServers({ save: '3600 1' });
  const { opened } = servers;
  const { titleNow, hit, cached } = firstBook(opened);

  const open = (options: Partial<ConnectOptions> = {}): Promise<Database> =>
    servers.open({ guarantee: { level: 'guarded', window }, ...options });

  beforeEach(async () => {
    proxy = await startTcpProxy({ port: servers.redis.port });
    admin = new Redis(servers.redis.port, { retryStrategy: () => 20 });
    admin.on('error', () => undefined);
  });

  afterEach(async () => {
    admin.disconnect();
    await proxy.close();
  });

  const rename = async (title: string): Promise<number> => {
    const book = await Book.objects.noCache().get({ id: 1 });
    book.title = title;
    const startedAt = performance.now();
    await book.save();
    return performance.now() - startedAt;
  };
  const configure = async (...words: string[]): Promise<void> => {
    await admin.config('SET', ...(words as [string, string]));
  };

  it('serves nothing from before a restart from an old snapshot', async () => {
    await open();
    await cached('first');
    const epoch = await admin.get(`{${servers.prefix}}gate`);
    await admin.save();
    await rename('second');
    await servers.redis.kill();
    const killedAt = performance.now();
    await servers.redis.restart();
    await until(async () => {
      expect(await titleNow()).to.equal('second');
      return (await hit()) === 'second';
    });
    expect(performance.now() - killedAt).to.be.greaterThan(longestGateMs);
    expect((await admin.get(`{${servers.prefix}}gate`))?.split('|')[0]).not.to.equal(epoch?.split('|')[0]);
  });

  it('hears of a writer that died after COMMIT and of plain SQL', async () => {
    await open();
    await cached('first');
    await servers.other.query("UPDATE captured_books SET title = 'second'");
    const committedAt = performance.now();
    await until(async () => (await titleNow()) === 'second');
    expect(performance.now() - committedAt).to.be.lessThan(longestGateMs);
  });

  it('closes where no relay goes on, within the window', async () => {
    const db = await open();
    await cached('first');
    holdRelays();
    await servers.other.query("UPDATE captured_books SET title = 'second'");
    const committedAt = performance.now();
    await until(async () => (await titleNow()) === 'second');
    expect(performance.now() - committedAt).to.be.lessThan(longestGateMs + 100);
    expect(db.stats().guarantee).to.deep.include({ open: false, lapses: 1 });
    releaseAll();
    await cached('second');
  });

  it('lets a writer that is cut off from Redis wait until another process has heard of its write', async () => {
    await open({ name: 'reader' });
    await open({ cache: servers.redis.url.replace(String(servers.redis.port), String(proxy.port)) });
    await until(() => opened.every((db) => db.stats().guarantee !== undefined));
    await until(async () => (await admin.exists(`{${servers.prefix}}gate`)) === 1);
    proxy.cut();
    const ms = await rename('second');
    expect(ms).to.be.lessThan(longestGateMs);
    expect(opened[1]?.stats().guarantee).to.deep.include({ waits: 1 });
    const { rows } = await servers.other.query('SELECT FROM moneyclip_capture.outbox');
    expect(rows).to.have.length(0);
  });

  it('takes a cache that has joined afresh for none that has heard of a write', async () => {
    const guarantee = { level: 'guarded', window: 2000 } as const;
    await open({ name: 'reader', guarantee });
    await open({ cache: servers.redis.url.replace(String(servers.redis.port), String(proxy.port)), guarantee });
    await until(async () => (await admin.exists(`{${servers.prefix}}gate`)) === 1);
    holdRelays();
    proxy.cut();
    const writing = rename('second');
    await until(
      async () => (await servers.other.query("SELECT FROM captured_books WHERE title = 'second'")).rowCount === 1,
    );
    // as a process does that finds another Redis behind its address, empty
    await servers.other.query(
      `UPDATE moneyclip_capture.consumer SET seen = pg_current_snapshot();
       UPDATE moneyclip_capture.gate SET granted = false, token = 'another'`,
    );
    expect(await admin.exists(`{${servers.prefix}}gate`), 'others still read there').to.equal(1);
    await writing;
    expect(await admin.exists(`{${servers.prefix}}gate`)).to.equal(0);
  });

  it('lets a write wait for the window where Redis is gone', async () => {
    const db = await open();
    await cached('first');
    await servers.redis.kill();
    const ms = await rename('second');
    expect(ms).to.be.greaterThan(longestGateMs);
    expect(db.stats().guarantee?.waits).to.equal(1);
    await servers.redis.restart();
    await cached('second');
  });

  it('lets only the first writes wait where Redis is gone for long, and opens again when it is back', async () => {
    const db = await open();
    await cached('first');
    await servers.redis.kill();
    await rename('second');
    await rename('third');
    expect(await rename('fourth')).to.be.lessThan(longestGateMs / 2);
    expect(db.stats().guarantee?.waits).to.equal(2);
    expect(await titleNow()).to.equal('fourth');
    await servers.redis.restart();
    await cached('fourth');
    expect(await rename('fifth')).to.be.lessThan(longestGateMs / 2);
    await cached('fifth');
  });

  it('opens again while one write follows the other, whenever each began to wait', async () => {
    await open();
    await cached('first');
    let isOver = false;
    const write = async (): Promise<void> => {
      while (!isOver) await Book.objects.filter({ id: 2 }).update({ title: 'another one' });
    };
    const writers = [1, 2, 3, 4].map(async (place) => {
      await wait((place * longestGateMs) / 4);
      await write();
    });
    await servers.redis.kill();
    await servers.redis.restart();
    await cached('first').finally(() => (isOver = true));
    await Promise.all(writers);
  });

  it('says that a write is not confirmed where that is wanted instead', async () => {
    await open({ onCacheFailure: 'throw' });
    await cached('first');
    await servers.redis.kill();
    const error = await rename('second').catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(UnconfirmedInvalidationError);
    expect(error).to.include({ code: 'INVALIDATION_UNCONFIRMED', withinMs: window });
    await servers.redis.restart();
    await until(async () => (await titleNow().catch(() => '')) === 'second');
  });

  it('goes on where Redis is full', async () => {
    const db = await open();
    await cached('first');
    await configure('maxmemory', '1');
    await rename('second');
    await new Promise((resolve) => setTimeout(resolve, 2 * window));
    expect(await titleNow()).to.equal('second');
    expect(await rename('third')).to.be.lessThan(window);
    expect(db.stats().guarantee).to.deep.include({ lapses: 0, waits: 0 });
    await configure('maxmemory', '0');
    await cached('third');
  });

  it('acknowledges no write before the gate is closed where Redis refuses to drop but still answers', async () => {
    await open();
    await cached('first');
    await configure('min-replicas-to-write', '1');
    const writing = rename('second');
    let isDone = false;
    const reading = (async () => {
      while (!isDone) await titleNow();
    })();
    await writing;
    isDone = true;
    expect(await titleNow()).to.equal('second');
    await reading;
    await configure('min-replicas-to-write', '0');
    await cached('second');
  });

  it('serves nothing old after Redis stood still', async () => {
    await open();
    await cached('first');
    await servers.redis.pause();
    const writing = rename('second');
    expect(await writing).to.be.greaterThan(longestGateMs);
    await servers.redis.resume();
    await until(async () => {
      expect(await titleNow()).to.equal('second');
      return (await hit()) === 'second';
    });
  });

  it('keeps the gate open where the process that leads ends', async () => {
    const guarantee = { level: 'guarded', window: 2000 } as const; // a busy machine may hold relays up for a while
    const leader = await open({ name: 'leader', guarantee });
    const db = await open({ guarantee });
    opened.reverse();
    await cached('first');
    const earlier = db.stats().guarantee?.lapses;
    await leader.close();
    const endAt = performance.now() + 2 * guarantee.window;
    while (performance.now() < endAt) {
      await titleNow();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(db.stats().guarantee?.lapses).to.equal(earlier);
  });

  it('closes where everything in Redis is lost, and opens again', async () => {
    await open();
    await cached('first');
    await admin.flushall();
    await rename('second');
    expect(await titleNow()).to.equal('second');
    await cached('second');
  });

  it('hears of tags and of everything, where a write could not drop them', async () => {
    const reader = await open({ name: 'reader' });
    await open({ cache: servers.redis.url.replace(String(servers.redis.port), String(proxy.port)) });
    await until(async () => (await admin.exists(`{${servers.prefix}}gate`)) === 1);
    const all = `{${servers.prefix}}epoch`;
    await admin.set(all, 'before');
    proxy.cut();
    await invalidateAll();
    expect(await admin.get(all)).not.to.equal('before');
    expect(reader.stats().guarantee?.waits).to.equal(0);
  });

  it('says that a tag may be served as it was where neither Redis nor the database took it', async () => {
    await open({ cache: servers.redis.url.replace(String(servers.redis.port), String(proxy.port)) });
    await until(async () => (await admin.exists(`{${servers.prefix}}gate`)) === 1);
    proxy.cut();
    await servers.other.query('ALTER TABLE moneyclip_capture.outbox RENAME TO gone');
    const error = await invalidateTag('any').catch((thrown: unknown) => thrown);
    await servers.other.query('ALTER TABLE moneyclip_capture.gone RENAME TO outbox');
    expect(error).to.be.instanceOf(UnconfirmedInvalidationError);
    expect((error as UnconfirmedInvalidationError).withinMs).to.equal(Number.POSITIVE_INFINITY);
  });

  it('opens the gate of one database of a Redis at a time', async () => {
    const url = `${servers.redis.url.replace(/\/$/, '')}/1`;
    const second = new Redis(url);
    const isOpen = async (client: Redis): Promise<boolean> => (await client.exists(`{${servers.prefix}}gate`)) === 1;
    try {
      await open({ name: 'reader' });
      await until(() => isOpen(admin));
      await open({ cache: url });
      await until(async () => !(await isOpen(admin))); // the newer one takes it
      await until(async () => {
        const both = await Promise.all([isOpen(admin), isOpen(second)]);
        expect(both).not.to.deep.equal([true, true]);
        return both.includes(true);
      });
    } finally {
      second.disconnect();
    }
  });

  it('knows a process that Redis does not name by its own check alone', async () => {
    await open();
    await cached('first');
    const text = await admin.get(`{${servers.prefix}}gate`);
    const [epoch, , beat, deadline] = text?.split('|') ?? [];
    holdRelays();
    await admin.set(`{${servers.prefix}}gate`, `${epoch}|${'0'.repeat(40)}|${beat}|${deadline}`);
    expect(await hit()).to.equal(undefined);
    weakened.runId = true;
    expect(await hit()).to.equal('first');
  });

  it('takes a gate whose beat stands still for none, however long Redis keeps it', async () => {
    await open();
    await cached('first');
    holdRelays();
    await until(async () => (await admin.persist(`{${servers.prefix}}gate`)) === 1);
    await until(async () => (await hit()) === undefined);
    expect(await admin.exists(`{${servers.prefix}}gate`)).to.equal(1);
  });
});
