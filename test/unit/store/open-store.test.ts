import { expect } from 'chai';
import { describe, it } from 'mocha';
import { UsageError } from '../../../src/errors.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import type { RedisClient } from '../../../src/store/redis-client.js';
import { openStore, type StoreSetting } from '../../../src/store/open-store.js';
import { ResilientStore } from '../../../src/store/resilient-store.js';
import { FakeClock, FlakyStore } from '../../../src/testing/index.js';

const clock = new FakeClock();

async function errorOf(setting: unknown): Promise<unknown> {
  try {
    await openStore(setting as StoreSetting, { clock }); // what a program without types may pass
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('openStore', () => {
  it("opens a memory store for nothing and for 'memory:'", async () => {
    for (const setting of [undefined, 'memory:']) {
      const store = await openStore(setting, { clock });
      expect(store).to.be.instanceOf(MemoryStore);
      await store.write([{ key: 'a', value: '1', ttlMs: 1 }]);
      clock.advance(1);
      expect(await store.read(['a']), 'its time is that of the clock').to.deep.equal([undefined]);
    }
  });

  it('takes the bounds of a memory store from its URL', async () => {
    const store = await openStore('memory:?maxEntries=2&maxBytes=1.5kb', { clock });
    await store.write(['a', 'b', 'c'].map((key) => ({ key, value: '', ttlMs: 0 })));
    expect(store).to.have.property('entries', 2);
    await store.write([{ key: 'a', value: 'x'.repeat(1536), ttlMs: 0 }]);
    expect(await store.read(['a'])).to.deep.equal([undefined]);
  });

  it('uses a store in this process as it is', async () => {
    const memory = new MemoryStore();
    expect(await openStore(memory, { clock })).to.equal(memory);
  });

  it('puts any other store behind a deadline and a circuit breaker', async () => {
    const flaky = new FlakyStore(new MemoryStore());
    const store = await openStore(flaky, { clock });
    expect(store).to.be.instanceOf(ResilientStore);
    flaky.hang();
    const answer = Promise.resolve(store.read(['a'])).catch((error: unknown) => error);
    await clock.advanceAndSettle(250);
    expect(await answer).to.have.property('code', 'STORE_UNAVAILABLE');
  });

  it('passes on what to drop instead of too many keys', async () => {
    const memory = new MemoryStore();
    const flaky = new FlakyStore(memory);
    memory.write([{ key: 'epoch', value: '1', ttlMs: 0 }]);
    const store = await openStore(flaky, { clock, dropInstead: () => ['epoch'] });
    flaky.fail();
    const keys = Array.from({ length: 10_001 }, (_, index) => `key ${index}`);
    await Promise.resolve(store.drop(keys)).catch(() => undefined);
    flaky.heal();
    await clock.advanceAndSettle(100);
    expect(memory.peek('epoch')).to.equal(undefined);
  });

  it('puts a Redis client behind them too', async () => {
    const nothing = (): undefined => undefined;
    const hanging = new Promise<never>(nothing);
    const client: RedisClient = {
      status: 'ready',
      isCluster: false,
      options: {},
      mget: () => hanging,
      set: () => hanging,
      unlink: () => hanging,
      zrangebyscore: () => hanging,
      quit: () => hanging,
      on: nothing,
      off: nothing,
      disconnect: nothing,
      pipeline: () => ({
        mget: nothing,
        set: nothing,
        unlink: nothing,
        zadd: nothing,
        zremrangebyscore: nothing,
        zremrangebyrank: nothing,
        exec: () => hanging,
      }),
    };
    const store = await openStore(client, { clock });
    const answer = Promise.resolve(store.read(['a'])).catch((error: unknown) => error);
    await clock.advanceAndSettle(250);
    const error = await Promise.race([answer, Promise.resolve('still waiting')]);
    expect(error).to.have.property('message', "The cache store 'redis' could not read: no answer within 250 ms");
  });

  const accepted =
    "'cache' must be 'memory:', a URL such as 'redis://localhost:6379/0', 'rediss://…', 'file:cache.db' or 'postgres://…', a Redis or Cluster of ioredis, or an object with the methods of CacheStore; got ";
  const postgresMessage =
    "A cache in PostgreSQL needs a URL such as 'postgres://user:password@localhost:5432/cache', with @ : / ? # % in a password written as %40 %3A %2F %3F %23 %25; this is not one.";
  const refused: readonly (readonly [unknown, string])[] = [
    ['redis', `${accepted}a text that is no URL.`],
    ['', `${accepted}a text that is no URL.`],
    ['memcached://localhost', `${accepted}a URL that starts with 'memcached:'.`],
    [42, `${accepted}number.`],
    [null, `${accepted}null.`],
    [{}, `${accepted}an object without these methods.`],
    [{ name: 'half', read: () => [] }, `${accepted}an object without these methods.`],
    ['memory:?size=3', memoryMessage("there is no option 'size'")],
    ['memory:?toString=3', memoryMessage("there is no option 'toString'")],
    ['memory:?maxEntries=0', memoryMessage("maxEntries cannot be '0'")],
    ['memory:?maxEntries=', memoryMessage("maxEntries cannot be ''")],
    ['memory:?maxEntries=10mb', memoryMessage("maxEntries cannot be '10mb'")],
    ['memory:?maxBytes=10tb', memoryMessage("maxBytes cannot be '10tb'")],
    ['memory://localhost', memoryMessage("got 'memory://localhost'")],
    ...['file:', 'file://host/cache.db', 'file:cache.db?mode=ro', 'file::memory:'].map(
      (url) => [url, fileMessage(url)] as const,
    ),
    ['postgres://ann:se@cret@:host/x', postgresMessage],
    ['postgresql://[', postgresMessage],
  ];

  for (const [setting, message] of refused) {
    it(`refuses ${JSON.stringify(setting)}`, async () => {
      const error = await errorOf(setting);
      expect(error).to.be.instanceOf(UsageError).with.property('message', message);
    });
  }
});

function memoryMessage(reason: string): string {
  return `A cache in memory is set by 'memory:' or 'memory:?maxEntries=1000&maxBytes=10mb': ${reason}.`;
}

function fileMessage(url: string): string {
  return `A cache in a file is set by 'file:<path>' or 'file:///<absolute path>', without options; got '${url}'.`;
}
