import { createServer, connect as dial, type AddressInfo, type Server } from 'node:net';
import { expect } from 'chai';
import { Cluster, Redis } from 'ioredis';
import createKnex from 'knex';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import pg from 'pg';
import {
  CachedModel,
  captureMigration,
  Column,
  connect,
  PrimaryKey,
  Table,
  UsageError,
  WriteRefusedError,
  type ConnectOptions,
  type Database,
} from '../../src/index.js';
import { systemClock } from '../../src/support/clock.js';
import { freshPrefix } from '../setup/fresh.js';
import { startRedis, type TestServer } from '../setup/servers.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { migrateUp, uncapturedDatabase } from '../support/captured.js';
import { Book, shelfModels } from '../support/captured-models.js';
import { firstBook } from '../support/first-book.js';
import { rejection } from '../support/rejection.js';
import { until } from '../support/until.js';
import { warnings } from '../support/warnings.js';

const window = 500;
const books = 'changes of table captured_books are not captured: ';
const migrate = 'run: npx moneyclip migrate';

/** The first book as a process knows it that uses another connection. */
@Table('captured_books', { label: 'captured.BookOfClerk', connection: 'clerk' })
class ClerksBook extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
}

@Table('captured_drafts', { label: 'captured.Draft' })
class Draft extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare text: string;
}

describe('a guarantee where something is not as it should be', function () {
  this.timeout(20_000);
  let url: string;
  let redisUrl: string;
  let other: pg.Client;
  let prefix: string;
  let heard: ReturnType<typeof warnings>;
  const opened: Database[] = [];
  const { titleNow, hit, cached } = firstBook(opened);

  const open = async (options: Partial<ConnectOptions> = {}): Promise<Database> => {
    const db = await connect({
      database: url,
      cache: redisUrl,
      prefix,
      capture: { pollMs: 5, checkMs: 20 },
      guarantee: { level: 'guarded', window },
      ...options,
    });
    opened.push(db);
    return db;
  };
  const rename = async (title: string): Promise<void> => {
    const book = await Book.objects.noCache().get({ id: 1 });
    book.title = title;
    await book.save();
  };
  const reason = async (model: typeof CachedModel = Book): Promise<string | undefined> => {
    const { state, reason: why } = await model.cache.explain(1);
    return state === 'bypass' ? why : undefined;
  };
  /** Whatever others write is read at once, since nothing comes from the cache. */
  const goesPast = async (): Promise<void> => {
    for (const title of ['seen', 'seen too']) {
      await other.query('UPDATE captured_books SET title = $1 WHERE id = 1', [title]);
      expect(await titleNow()).to.equal(title);
    }
  };

  before(async () => {
    redisUrl = await sharedRedisUrl();
  });

  beforeEach(async () => {
    heard = warnings('moneyclip, change capture');
    prefix = freshPrefix();
    url = await uncapturedDatabase(shelfModels);
    await migrateUp(url, shelfModels);
    other = new pg.Client(url);
    await other.connect();
    await other.query("INSERT INTO captured_shelves VALUES (1, 'a')");
    await other.query("INSERT INTO captured_books (id, title, code, shelf_id) VALUES (1, 'first', 'one', 1)");
  });

  afterEach(async () => {
    heard.end();
    for (const db of opened.splice(0)) await db.close();
    await other.end();
  });

  describe('in the rights of the user of the database', () => {
    let role: string;
    const usage = (): string => `GRANT USAGE ON SCHEMA moneyclip_capture TO "${role}"`;
    const all = (): string =>
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA moneyclip_capture TO "${role}"`;
    const clerksUrl = (): string => {
      const changed = new URL(url);
      changed.username = role;
      return changed.href;
    };
    const asClerk = (): Partial<ConnectOptions> => ({ database: clerksUrl(), name: 'clerk' });

    beforeEach(async () => {
      role = `clerk_${url.slice(url.lastIndexOf('_') + 1)}`;
      await other.query(`CREATE ROLE ${role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
    });

    afterEach(async () => {
      for (const db of opened.splice(0)) await db.close();
      await other.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    });

    it('says which GRANT the outbox takes, caches nothing, and lets no other process serve what it has changed', async () => {
      await open();
      await cached('first');
      const clerk = await open(asClerk());
      const why = `the user ${role} may not read the outbox; run as its owner: ${usage()}; ${all()};`;
      expect((await clerk.capture.status()).silence).to.equal(why);
      expect(await reason(ClerksBook)).to.equal(why);
      for (const title of ['second', 'third']) {
        await ClerksBook.objects.filter({ id: 1 }).update({ title });
        expect(await titleNow()).to.equal(title);
        await cached(title);
      }
      await other.query(`${usage()}; ${all()}`);
      await until(async () => (await reason(ClerksBook)) === undefined);
      expect(heard.end()).to.deep.equal([`moneyclip, change capture of connection 'clerk': nothing is cached: ${why}`]);
    });

    it('says which GRANT the gate takes, where those of an older release are there', async () => {
      await other.query(`${usage()}; ${all()}; REVOKE ALL ON moneyclip_capture.gate FROM "${role}"`);
      await open();
      await cached('first');
      const clerk = await open(asClerk());
      const why = `the user ${role} may not read the gate; run as its owner: ${usage()}; ${all()};`;
      expect((await clerk.capture.status()).silence).to.equal(why);
      expect(await reason(ClerksBook)).to.equal(why);
      await ClerksBook.objects.filter({ id: 1 }).update({ title: 'second' });
      expect(await titleNow()).to.equal('second');
    });

    it('refuses writes at the level strict', async () => {
      await open({ ...asClerk(), guarantee: { level: 'strict', window } });
      const writing = ClerksBook.objects.filter({ id: 1 }).update({ title: 'second' });
      await rejection(
        writing,
        WriteRefusedError,
        "The write was rolled back on connection 'clerk', since others could read the old value after the new one: " +
          'this user of the database may not read the outbox or the gate; db.capture.status() tells which GRANT it needs. ' +
          'Run the whole transaction again.',
      );
      const { rows } = await other.query('SELECT title FROM captured_books');
      expect(rows).to.deep.equal([{ title: 'first' }]);
    });

    it('says that triggers could not be made, and caches nothing of their table', async () => {
      await captureDown(url);
      const knex = createKnex({ client: 'pg', connection: clerksUrl(), pool: { min: 0, max: 1 } });
      try {
        await other.query(`GRANT CREATE ON DATABASE "${new URL(url).pathname.slice(1)}" TO ${role}`);
        const failed = await rejection(captureMigration({ models: shelfModels }).up(knex), UsageError);
        expect(failed.message).to.contain(
          `the user ${role} may not create triggers on public.captured_books that always fire, which takes its owner`,
        );
      } finally {
        await knex.destroy();
      }
      await open();
      expect(await reason()).to.equal(`the schema 'moneyclip_capture' is not there; ${migrate}`);
      await goesPast();
    });
  });

  it('caches nothing of a table that becomes unlogged', async () => {
    await open();
    await cached('first');
    await other.query('ALTER TABLE captured_books SET UNLOGGED');
    const why = 'public.captured_books is an unlogged table, which PostgreSQL empties after a crash without a trigger';
    await until(async () => (await reason()) === books + why);
    await goesPast();
    await rename('second');
    expect(await titleNow()).to.equal('second');
    await other.query('ALTER TABLE captured_books SET LOGGED');
    await cached('second');
    expect(heard.end()).to.deep.equal([
      `moneyclip, change capture of connection 'default': nothing is cached that depends on captured_books (${why})`,
    ]);
  });

  it('caches nothing of a temporary table', async () => {
    const db = await open({ database: { client: 'pg', connection: url, pool: { min: 1, max: 1 } } });
    await until(async () => (await titleNow()) === (await hit()));
    await db.knex.raw('CREATE TEMPORARY TABLE captured_drafts (id int PRIMARY KEY, text text)');
    await Draft.objects.create({ id: 1, text: 'first' });
    await until(async () => (await reason(Draft))?.startsWith('it is not known yet') === false);
    expect(await reason(Draft)).to.equal('changes of table captured_drafts are not captured: there is no such table');
    for (const text of ['second', 'third']) {
      await db.knex('captured_drafts').update({ text });
      expect(await Draft.cache.get(1)).to.have.property('text', text);
    }
  });

  it('notices a table of gates that does not say how long they live, and adds that', async () => {
    await other.query('ALTER TABLE moneyclip_capture.gate DROP COLUMN window_ms');
    const db = await open();
    const why = `the schema 'moneyclip_capture' was made by an older release and does not say how long a gate lives; ${migrate}`;
    expect((await db.capture.status()).silence).to.equal(why);
    await goesPast();
    await migrateUp(url, shelfModels);
    await until(async () => (await hit()) !== undefined);
    expect(heard.end()).to.deep.equal([`moneyclip, change capture of connection 'default': nothing is cached: ${why}`]);
  });

  for (const [what, jump] of [
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ] as const) {
    it(`serves nothing old where the clock of the process jumps ${what}`, async () => {
      let ahead = 0;
      await open({ clock: { ...systemClock, now: () => Date.now() + ahead } });
      await cached('first');
      ahead = jump;
      await rename('second');
      expect(await titleNow()).to.equal('second');
      await cached('second');
      await other.query("UPDATE captured_books SET title = 'third'");
      const committedAt = performance.now();
      await until(async () => (await titleNow()) === 'third');
      expect(performance.now() - committedAt).to.be.lessThan(window * 1.05 + 50);
      ahead = 0;
      await rename('fourth');
      expect(await titleNow()).to.equal('fourth');
      await cached('fourth');
    });
  }

  it('forgets everything where the clock of the database jumps, so that a cache is taken for gone', async () => {
    await open();
    await cached('first');
    const epoch = async (): Promise<unknown> => {
      const { rows } = await other.query('SELECT epoch FROM moneyclip_capture.gate WHERE ns = $1', [prefix]);
      return rows[0];
    };
    const earlier = await epoch();
    // what another cache does that finds no sign of life for 10 minutes, and what nobody hears of then
    await other.query(
      `BEGIN; DELETE FROM moneyclip_capture.consumer; UPDATE captured_books SET title = 'second';
       DELETE FROM moneyclip_capture.outbox; COMMIT`,
    );
    const committedAt = performance.now();
    await until(async () => (await titleNow()) === 'second');
    expect(performance.now() - committedAt).to.be.lessThan(window * 1.05 + 50);
    await cached('second');
    expect(await epoch()).not.to.deep.equal(earlier);
  });

  describe('in Redis', () => {
    let redis: TestServer;
    let proxy: Server;
    let proxied: string;

    before(async () => {
      redis = await startRedis();
      proxy = olderBy(redis.port, 'redis_version:');
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      proxied = `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`; // which a server on TCP has
    });

    after(async () => {
      proxy.close();
      await redis.kill();
    });

    it('is refused on one older than 7, which is good enough without', async () => {
      const message = 'connect: guarantee: this is Redis 6.0.15; Redis 7 or later is needed';
      await rejection(open({ cache: proxied }), UsageError, message);
      await open({ cache: proxied, guarantee: 'plain' });
      await cached('first');
      await rename('second');
      expect(await titleNow()).to.equal('second');
    });

    it('is off where one older than 7 takes the place of another', async () => {
      const client = new Redis(redis.port, { retryStrategy: () => 20, enableOfflineQueue: false });
      try {
        const db = await open({ cache: client });
        await cached('first');
        client.options.port = Number(new URL(proxied).port);
        client.disconnect(true);
        const why = 'this is Redis 6.0.15; Redis 7 or later is needed';
        await until(async () => (await db.capture.status()).silence === why);
        await goesPast();
        await rename('third');
        expect(await titleNow()).to.equal('third');
      } finally {
        await Promise.all(opened.splice(0).map((db) => db.close()));
        client.disconnect();
      }
    });

    it('is refused for a Redis Cluster', async () => {
      const cluster = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true });
      const message =
        "connect: guarantee works with one Redis or Sentinel, not with Redis Cluster; use guarantee: 'plain'";
      await rejection(open({ cache: cluster }), UsageError, message);
      cluster.disconnect();
    });

    it('is off where Redis begins to hide INFO', async () => {
      const admin = new Redis(redis.port);
      try {
        await admin.call('ACL', 'SETUSER', 'app', 'on', 'nopass', '~*', '+@all');
        await open({ cache: `redis://app:any@127.0.0.1:${redis.port}` });
        await cached('first');
        await admin.call('ACL', 'SETUSER', 'app', '-info');
        await until(async () => (await hit()) === undefined);
        await goesPast();
        await rename('third');
        expect(await titleNow()).to.equal('third');
      } finally {
        admin.disconnect();
      }
    });

    it('is off on a replica', async () => {
      const replica = await startRedis({ settings: { replicaof: `127.0.0.1 ${redis.port}` } });
      try {
        const db = await open({ cache: replica.url });
        expect((await db.capture.status()).silence).to.match(/^changes are not heard of: .* READONLY /);
        await goesPast();
        await rename('third');
        expect(await titleNow()).to.equal('third');
      } finally {
        for (const db of opened.splice(0)) await db.close().catch(() => undefined);
        await replica.kill();
      }
    });

    it('is off where the server does not know INFO by its name', async () => {
      const managed = await startRedis({ args: ['--rename-command', 'INFO', ''] });
      try {
        const db = await open({ cache: managed.url });
        expect((await db.capture.status()).silence).to.match(/^changes are not heard of: .* unknown command 'info'/);
        await goesPast();
      } finally {
        for (const db of opened.splice(0)) await db.close().catch(() => undefined);
        await managed.kill();
      }
    });
  });
});

async function captureDown(url: string): Promise<void> {
  const knex = createKnex({ client: 'pg', connection: url, pool: { min: 0, max: 1 } });
  await captureMigration({ models: shelfModels }).down(knex);
  await knex.destroy();
}

/** A server in front of a Redis that says of itself, after these words, to be of version 6. */
function olderBy(port: number, words: string): Server {
  return createServer((socket) => {
    const server = dial(port, '127.0.0.1');
    const end = (): void => void (socket.destroy(), server.destroy());
    socket.on('error', end).on('close', end).pipe(server);
    server.on('error', end).on('close', end);
    const version = new RegExp(`${words}\\d+`, 'g');
    server.on('data', (data: Buffer) => {
      socket.write(Buffer.from(data.toString('latin1').replace(version, `${words}6`), 'latin1'));
    });
  });
}
