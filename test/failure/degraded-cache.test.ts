import { expect } from 'chai';
import { Redis } from 'ioredis';
import { afterEach, describe, it } from 'mocha';
import {
  CachedForeignKey,
  CachedModel,
  Column,
  connect,
  moneyclip,
  PrimaryKey,
  StoreUnavailableError,
  Table,
  transaction,
  type CacheManager,
  type ConnectOptions,
  type Database,
  type Manager,
  type Related,
} from '../../src/index.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { startRedis, type RedisOptions, type TestServer } from '../setup/servers.js';
import { startTcpProxy } from '../setup/tcp-proxy.js';
import { rejection } from '../support/rejection.js';

@Table('degraded_writers', { label: 'degraded.Writer' })
class Writer extends CachedModel {
  declare static objects: Manager<Writer>;
  declare static cache: CacheManager<Writer>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare name: string;

  @moneyclip()
  async summary(): Promise<string> {
    return `${this.name}: ${await Page.objects.filter({ writer: this }).count()}`;
  }
}

@Table('degraded_pages', { label: 'degraded.Page' })
class Page extends CachedModel {
  declare static objects: Manager<Page>;
  declare static cache: CacheManager<Page>;
  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Writer) declare writer: Related<Writer>;
  declare writerId: number;
}

/** One failed operation, and what a slow machine adds. */
const deadlineMs = 250 + 250;

describe('with a Redis that fails', () => {
  for (const databaseKind of ['sqlite-memory', 'postgres'] as const) {
    describe(`on ${databaseKind}`, () => {
      const cleanUp: (() => unknown)[] = [];
      let server: TestServer;
      let db: Database;
      let writer: Writer;

      afterEach(async () => {
        for (const task of cleanUp.splice(0).reverse()) await task();
      });

      async function open(redis: RedisOptions = {}, options: Partial<ConnectOptions> = {}): Promise<void> {
        server = await startRedis(redis);
        cleanUp.push(() => server.kill());
        await openOn(server.url, options);
      }

      async function openOn(cache: string, options: Partial<ConnectOptions> = {}): Promise<void> {
        db = await connect({ database: await freshDatabase(databaseKind), cache, prefix: freshPrefix(), ...options });
        cleanUp.push(() => db.close().catch(() => undefined)); // it may say what it could not deliver
        await db.createTables([Writer, Page]);
        writer = await Writer.create({ name: 'old' });
        await Page.create({ writer });
        await seen();
      }

      /** The same row and values by every way through the cache. */
      const seen = async (): Promise<unknown[]> => [
        (await Writer.cache.get(writer.id)).name,
        (await Writer.cache.get({ name: writer.name })).id,
        await writer.summary(),
        (await (await Page.objects.first())?.writer)?.name,
      ];
      const expected = (name: string): unknown[] => [name, writer.id, `${name}: 1`, name];

      async function rename(name: string): Promise<void> {
        writer.name = name;
        await writer.save();
      }

      async function within(ms: number, task: () => Promise<unknown>): Promise<void> {
        const start = performance.now();
        await task();
        expect(performance.now() - start, 'milliseconds').to.be.below(ms);
      }

      /** Reads until the cache answers again; every read in between is right. */
      async function untilHit(name: string): Promise<void> {
        const end = performance.now() + 10_000;
        while ((await Writer.cache.explain(writer.id)).state !== 'hit') {
          expect(await seen()).to.deep.equal(expected(name));
          if (performance.now() > end) expect.fail('the cache is not used again');
          await new Promise((resolve) => setTimeout(resolve, 20)); // real time: a real server comes back
        }
        expect(await seen()).to.deep.equal(expected(name));
      }

      it('that is stopped, reads are right in bounded time, a save is never followed by a stale read, and it is used again', async () => {
        await open();
        await server.pause();
        await within(deadlineMs, async () => expect((await Writer.cache.get(writer.id)).name).to.equal('old'));
        await within(4 * deadlineMs, async () => expect(await seen()).to.deep.equal(expected('old')));
        await within(2 * deadlineMs, () => rename('new'));
        for (let round = 0; round < 5; round += 1) expect(await seen()).to.deep.equal(expected('new'));
        await within(deadlineMs, async () => {
          for (let round = 0; round < 20; round += 1) await seen();
        });
        await server.resume();
        await untilHit('new');
      });

      it('that is stopped while a thousand readers come, each is answered in bounded time', async () => {
        await open();
        await server.pause();
        await within(2 * deadlineMs, async () => {
          const rows = await Promise.all(Array.from({ length: 1000 }, () => Writer.cache.get(writer.id)));
          expect(new Set(rows.map(({ name }) => name))).to.deep.equal(new Set(['old']));
        });
        await server.resume();
      });

      it('that is killed, reads are right at once, and an outdated entry never comes back with it', async () => {
        await open({ settings: { appendonly: 'yes', appendfsync: 'always' } });
        await server.kill();
        await within(2 * deadlineMs, async () => expect(await seen()).to.deep.equal(expected('old')));
        await within(deadlineMs, () => rename('new'));
        expect(await seen()).to.deep.equal(expected('new'));
        await server.restart();
        await untilHit('new');
      });

      it('that is full and evicts nothing, reads and saves are right, and it is used again', async () => {
        await open({ settings: { 'maxmemory-policy': 'noeviction' } });
        const admin = new Redis(server.url);
        cleanUp.push(() => admin.quit());
        await admin.config('SET', 'maxmemory', '1');
        expect(await seen()).to.deep.equal(expected('old'));
        await rename('new');
        for (let round = 0; round < 3; round += 1) expect(await seen()).to.deep.equal(expected('new'));
        await admin.config('SET', 'maxmemory', '0');
        await untilHit('new');
      });

      it('that accepts and never answers, reads and saves are right in bounded time', async () => {
        server = await startRedis();
        cleanUp.push(() => server.kill());
        const proxy = await startTcpProxy({ port: server.port });
        cleanUp.push(() => proxy.close());
        await openOn(`redis://127.0.0.1:${proxy.port}`);
        proxy.stall();
        await within(deadlineMs, () => Writer.cache.get(writer.id));
        await within(2 * deadlineMs, () => rename('new'));
        for (let round = 0; round < 3; round += 1) expect(await seen()).to.deep.equal(expected('new'));
        proxy.resume();
        await untilHit('new');
      });

      it('that loses its connections, nothing is ever stale', async () => {
        server = await startRedis();
        cleanUp.push(() => server.kill());
        const proxy = await startTcpProxy({ port: server.port });
        cleanUp.push(() => proxy.close());
        await openOn(`redis://127.0.0.1:${proxy.port}`);
        for (let round = 0; round < 5; round += 1) {
          proxy.cut();
          await rename(`name ${round}`);
          expect(await seen()).to.deep.equal(expected(`name ${round}`));
          proxy.resume();
          await untilHit(`name ${round}`);
        }
      });

      it('that refuses an invalidation, it is delivered before this process hits again', async () => {
        await open();
        const admin = new Redis(server.url);
        cleanUp.push(() => admin.quit());
        await admin.config('SET', 'min-replicas-to-write', '1');
        await rename('new');
        for (let round = 0; round < 3; round += 1) expect(await seen()).to.deep.equal(expected('new'));
        await transaction(() => rename('newer'));
        expect(await seen()).to.deep.equal(expected('newer'));
        await admin.config('SET', 'min-replicas-to-write', '0');
        await untilHit('newer');
      });

      it("that is down from the start, everything works, and it is used from when it is there (onCacheFailure: 'degrade')", async () => {
        server = await startRedis();
        cleanUp.push(() => server.kill());
        await server.stop();
        await openOn(server.url);
        expect(await seen()).to.deep.equal(expected('old'));
        await server.restart();
        await untilHit('old');
      });

      it("reads throw with onCacheFailure: 'throw', and nothing is stale after it", async () => {
        await open({}, { onCacheFailure: 'throw' });
        await server.pause();
        await within(
          deadlineMs,
          async () => void (await rejection(Writer.cache.get(writer.id), StoreUnavailableError)),
        );
        await rejection(Writer.cache.get({ name: 'old' }), StoreUnavailableError);
        await rejection(writer.summary(), StoreUnavailableError);
        await rejection(rename('new'), StoreUnavailableError);
        expect((await Writer.objects.get({ id: writer.id })).name, 'the save is committed all the same').to.equal(
          'new',
        );
        await rejection(Writer.cache.get(writer.id), StoreUnavailableError);
        await server.resume();
        const end = performance.now() + 10_000;
        let name: string | undefined;
        while (name === undefined && performance.now() < end) {
          name = await Writer.cache.get(writer.id).then(
            (row) => row.name,
            () => undefined,
          );
          await new Promise((resolve) => setTimeout(resolve, 20)); // as above
        }
        expect(name).to.equal('new');
      });
    });
  }
});
