import { expect } from 'chai';
import { Redis } from 'ioredis';
import createKnex from 'knex';
import { after, afterEach, before, describe, it } from 'mocha';
import pg from 'pg';
import {
  captureMigration,
  connect,
  invalidateAll,
  UsageError,
  type ConnectOptions,
  type Database,
} from '../../src/index.js';
import { weakened } from '../../src/support/weakened.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { startRedis, type TestServer } from '../setup/servers.js';
import { startTcpProxy, type TcpProxy } from '../setup/tcp-proxy.js';
import { migrateUp, uncapturedDatabase } from '../support/captured.js';
import { Book, Shelf, shelfModels } from '../support/captured-models.js';
import { rejection } from '../support/rejection.js';
import { until } from '../support/until.js';

const window = 1000;

/** How often Redis carried out each command that a cache uses. */
async function commandsOf(admin: Redis): Promise<Record<string, number>> {
  const text = await admin.info('commandstats');
  const counts: Record<string, number> = {};
  for (const name of ['mget', 'get', 'set', 'unlink']) {
    counts[name] = Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(text)?.[1] ?? 0);
  }
  return counts;
}

describe('guarantees above plain', function () {
  this.timeout(20_000);
  let redis: TestServer;
  let proxy: TcpProxy;
  let admin: Redis;
  let url: string;
  let other: pg.Client;
  let db: Database;
  let given: Redis | undefined;

  const open = (options: Partial<ConnectOptions> = {}): Promise<Database> =>
    connect({
      database: url,
      cache: `redis://127.0.0.1:${proxy.port}`,
      prefix: freshPrefix(),
      capture: { pollMs: 5 },
      guarantee: { level: 'guarded', window },
      ...options,
    });
  const isOpen = async (): Promise<boolean> => {
    await Book.cache.get(1);
    return db.stats().guarantee?.open === true;
  };
  const start = async (options: Partial<ConnectOptions> = {}): Promise<void> => {
    db = await open(options);
    await until(isOpen);
    await until(async () => {
      const { hits } = db.stats();
      await Book.cache.get(1);
      return db.stats().hits > hits;
    });
  };

  before(async () => {
    redis = await startRedis();
    admin = new Redis(redis.port);
    proxy = await startTcpProxy({ port: redis.port });
    url = await uncapturedDatabase(shelfModels);
    await migrateUp(url, shelfModels);
    other = new pg.Client(url);
    await other.connect();
    await other.query("INSERT INTO captured_shelves VALUES (1, 'a'), (2, 'b')");
    await other.query("INSERT INTO captured_books (id, title, code, shelf_id) VALUES (1, 'first', 'one', 1)");
  });

  after(async () => {
    await other.end();
    await proxy.close();
    admin.disconnect();
    await redis.kill();
  });

  afterEach(async () => {
    proxy.resume();
    weakened.outbox = false;
    weakened.verification = false;
    weakened.sideEffects = false;
    await other.query('DROP TRIGGER IF EXISTS moves ON captured_shelves; DROP FUNCTION IF EXISTS moves');
    await db.close();
    given?.disconnect();
    given = undefined;
  });

  for (const level of ['guarded', 'verify'] as const) {
    it(`serves rows, unique keys, lists and computed values at the level ${level}`, async () => {
      await start({ guarantee: { level, window } });
      const shelf = await Shelf.objects.get({ id: 1 });
      for (let round = 0; round < 2; round += 1) {
        expect((await Book.cache.get(1)).title).to.equal('first');
        expect((await Book.cache.get({ code: 'one' })).id).to.equal(1);
        expect(await Book.objects.filter({ shelf }).cache().count()).to.equal(1);
        expect(await shelf.titles()).to.deep.equal(['first']);
      }
      const earlier = db.stats();
      await Promise.all([Book.cache.getMany([1]), shelf.titles(), Book.objects.filter({ shelf }).cache().count()]);
      const now = db.stats();
      expect(now.hits - earlier.hits).to.equal(3);
      expect(now.bypasses).to.equal(earlier.bypasses);
    });
  }

  it('reads a hit by one command, and looks at the gate before the drop of a write is answered', async () => {
    const client = new Redis(redis.port);
    given = client;
    weakened.outbox = true; // so that no relay drops what the save does
    await start({ cache: client, guarantee: { level: 'guarded', window: 3000 } }); // which a busy machine does not miss
    const { hits, statements } = db.stats();
    const earlier = await commandsOf(admin);
    await Book.cache.get(1);
    expect(db.stats().hits).to.equal(hits + 1);
    const afterHit = await commandsOf(admin);
    expect(afterHit).to.deep.include({ get: earlier['get'], mget: (earlier['mget'] ?? 0) + 1 });
    const book = await Book.objects.noCache().get({ id: 1 });
    book.title += '!';
    const steps: string[] = [];
    const send = client.sendCommand.bind(client);
    client.sendCommand = (command, stream) => {
      const drops = command.name === 'eval' && String(command.args[0]).includes('is_mark(key) then'); // no renewal
      if (drops || command.name === 'mget') {
        steps.push(command.name);
        void command.promise.then(() => steps.push(`${command.name} answered`));
      }
      return send(command, stream);
    };
    await book.save();
    expect(steps).to.deep.equal(['eval', 'mget', 'eval answered', 'mget answered']);
    expect(db.stats().statements, 'the read and the save; the relay may ask meanwhile').to.be.at.least(statements + 2);
  });

  it('asks the database once for all hits of a tick at the level verify', async () => {
    await start({ guarantee: { level: 'verify', window } });
    await Shelf.cache.get(1);
    await until(async () => {
      const { misses, bypasses } = db.stats();
      await Promise.all([Book.cache.get(1), Shelf.cache.get(1)]);
      return db.stats().misses === misses && db.stats().bypasses === bypasses;
    });
    const earlier = db.stats();
    await Promise.all([Book.cache.get(1), Shelf.cache.get(1), Book.cache.get(1)]);
    const now = db.stats();
    expect(now.statements - earlier.statements).to.equal(1);
    expect(now.hits - earlier.hits).to.equal(3);
    expect((now.guarantee?.questions ?? 0) - (earlier.guarantee?.questions ?? 0)).to.equal(1);
  });

  it('serves nothing that plain SQL has changed at the level verify', async () => {
    await start({ guarantee: { level: 'verify', window } });
    for (let round = 0; round < 50; round += 1) {
      await other.query('UPDATE captured_books SET title = $1 WHERE id = 1', [`round ${round}`]);
      expect((await Book.cache.get(1)).title).to.equal(`round ${round}`);
    }
    weakened.verification = true;
    const titles = new Set<string>();
    await until(async () => {
      await Book.cache.get(1);
      await other.query("UPDATE captured_books SET title = 'unseen' WHERE id = 1");
      titles.add((await Book.cache.get(1)).title);
      await other.query("UPDATE captured_books SET title = 'first' WHERE id = 1");
      await Book.cache.get(1);
      return titles.has('first');
    });
    await other.query("UPDATE captured_books SET title = 'first' WHERE id = 1");
  });

  it('drops what a trigger of the application changed before a write is acknowledged', async () => {
    await other.query(
      `CREATE FUNCTION moves() RETURNS trigger LANGUAGE plpgsql AS
       'BEGIN UPDATE captured_books SET title = NEW.name WHERE id = 1; RETURN NULL; END'`,
    );
    await other.query('CREATE TRIGGER moves AFTER UPDATE ON captured_shelves FOR EACH ROW EXECUTE FUNCTION moves()');
    await start({ capture: { pollMs: 900 } });
    const shelf = await Shelf.objects.noCache().get({ id: 2 });
    for (let round = 0; round < 5; round += 1) {
      await Book.cache.get(1);
      shelf.name = `name ${round}`;
      await shelf.save();
      expect((await Book.cache.get(1)).title).to.equal(`name ${round}`);
    }
    weakened.sideEffects = true;
    await until(async () => {
      await Book.cache.get(1);
      shelf.name = `${shelf.name}!`;
      await shelf.save();
      return (await Book.cache.get(1)).title !== shelf.name;
    });
  });

  it('says so where nothing is set up, caches nothing, and lets writes pass', async () => {
    const bare = await uncapturedDatabase(shelfModels);
    db = await open({ database: bare });
    const { silence, tables } = await db.capture.status();
    expect(silence).to.equal("the schema 'moneyclip_capture' is not there; run: npx moneyclip migrate");
    expect(tables.some(({ captured }) => captured)).to.equal(false);
    await until(() => performance.now() > 0);
    await Shelf.objects.create({ id: 5, name: 'five' });
    await Shelf.cache.get(5);
    await Shelf.cache.get(5);
    expect(db.stats()).to.deep.include({ hits: 0 });
    await new Promise((resolve) => setTimeout(resolve, window * 1.05 + 60));
    const startedAt = performance.now();
    await invalidateAll();
    expect(performance.now() - startedAt).to.be.lessThan(window / 2);
  });

  it('notices what an older release has set up, and adds what is missing', async () => {
    const old = await uncapturedDatabase(shelfModels);
    await migrateUp(old, shelfModels);
    const knex = createKnex({ client: 'pg', connection: old, pool: { min: 0, max: 1 } });
    const migration = captureMigration({ models: shelfModels });
    try {
      await knex.raw('DROP TABLE moneyclip_capture.gate');
      db = await open({ database: old });
      const reason =
        "the schema 'moneyclip_capture' was made by an older release and has no table for gates; run: npx moneyclip migrate";
      expect(await db.capture.status()).to.deep.include({ silence: reason, obstacle: reason });
      expect(await migration.status(knex)).to.deep.include({ obstacle: reason });
      expect((await migration.up(knex)).statements).to.have.length(1);
      expect(await migration.status(knex)).to.deep.include({ obstacle: undefined });
      await migration.down(knex);
      const { rows } = await knex.raw<{ rows: unknown[] }>("SELECT to_regclass('moneyclip_capture.gate') AS gate");
      expect(rows).to.deep.equal([{ gate: null }]);
    } finally {
      await knex.destroy();
    }
  });
});

describe('a guarantee that cannot be given', () => {
  const refused = async (options: object, message: string): Promise<void> => {
    await rejection(connect(options as ConnectOptions), UsageError, message); // the types refuse some of them
  };

  it('is refused where the options are wrong', async () => {
    const database = 'postgres://nobody@localhost:1/none';
    await refused(
      { database, guarantee: 'guardd' },
      "connect: guarantee is 'guardd'; use 'plain' or 'guarded' or 'strict' or 'verify'",
    );
    await refused(
      { database, guarantee: true },
      "connect: guarantee is a boolean; use a level such as 'guarded', or { level, window }",
    );
    await refused(
      { database, guarantee: { level: 'guarded', windw: 1 } },
      "connect: unknown option 'guarantee.windw'; did you mean 'window'?",
    );
    await refused(
      { database, guarantee: { level: 'guarded', window: 100 } },
      'connect: guarantee.window is not from 250 milliseconds to 1 minute',
    );
    await refused(
      { database, guarantee: 'guarded', capture: false },
      "connect: a guarantee needs to hear of others' changes; leave capture out, or use guarantee: 'plain'",
    );
  });

  it('is refused on SQLite, which needs none', async () => {
    await refused(
      { database: 'sqlite::memory:', guarantee: 'guarded' },
      'connect: guarantee is for PostgreSQL; on SQLite every read looks at the file. Leave it out.',
    );
    const db = await connect({ database: 'sqlite::memory:', guarantee: 'plain' });
    await db.close();
  });

  it('is refused for a cache that is not in Redis', async () => {
    const database = await freshDatabase('postgres');
    for (const [cache, name] of [
      ['memory:', 'memory'],
      [database, 'sql'],
    ]) {
      await refused(
        { database, cache, guarantee: 'guarded' },
        `connect: guarantee needs a cache in Redis, such as 'redis://localhost:6379' or an ioredis client, not in ${name}`,
      );
    }
  });

  it('is refused for a prefix that is a function', async () => {
    const database = await freshDatabase('postgres');
    await refused(
      { database, prefix: () => 'a:', guarantee: 'guarded' },
      'connect: guarantee needs one prefix for the whole connection, not a function',
    );
  });

  it('is refused for a Redis that does not say which process it is', async () => {
    const database = await freshDatabase('postgres');
    const redis = await startRedis();
    const admin = new Redis(redis.port);
    await admin.call('ACL', 'SETUSER', 'app', 'on', 'nopass', '~*', '+@all', '-info');
    await refused(
      { database, cache: `redis://app:any@127.0.0.1:${redis.port}`, guarantee: 'guarded' },
      "connect: guarantee: this Redis does not answer INFO, so it cannot be told which process answers; allow INFO to this user, or use guarantee: 'plain'",
    );
    admin.disconnect();
    await redis.kill();
  });
});
