import { setTimeout as wait } from 'node:timers/promises';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { afterEach, describe, it } from 'mocha';
import { StoreUnavailableError } from '../../src/errors.js';
import type { CacheStore } from '../../src/store/cache-store.js';
import { openStore, type StoreSetting } from '../../src/store/open-store.js';
import { ResilientStore } from '../../src/store/resilient-store.js';
import { systemClock } from '../../src/support/clock.js';
import { freePort } from '../setup/free-port.js';
import { startRedis, type ServerSettings, type TestServer } from '../setup/servers.js';
import { startTcpProxy } from '../setup/tcp-proxy.js';
import { Relay } from './relay.js';

const deadlineMs = 250;
/** What the machine of a test may add to a deadline. */
const slackMs = 150;
const entry = (key: string, value = `of ${key}`) => ({ key, value, ttlMs: 60_000 });

describe('a store in Redis', () => {
  const cleanUp: (() => unknown)[] = [];

  afterEach(async () => {
    for (const task of cleanUp.splice(0).reverse()) await task();
  });

  async function startServer(settings: ServerSettings = {}): Promise<TestServer> {
    const server = await startRedis({ settings });
    cleanUp.push(() => server.kill());
    return server;
  }

  async function open(setting: StoreSetting): Promise<ResilientStore> {
    const store = await openStore(setting, { clock: systemClock });
    expect(store).to.be.instanceOf(ResilientStore);
    cleanUp.push(() => store.close().catch(() => undefined));
    return store as ResilientStore; // expected in the line before
  }

  describe('that is stopped', () => {
    it('answers every read within the deadline, later ones at once, and works again by itself', async () => {
      const server = await startServer();
      const store = await open(server.url);
      await store.write([entry('a')]);
      await server.pause();
      const first = await Promise.all(Array.from({ length: 20 }, () => attempt(() => store.read(['a']))));
      for (const { ms, error } of first) {
        expect(error).to.be.instanceOf(StoreUnavailableError);
        expect(ms).to.be.within(deadlineMs - 5, deadlineMs + slackMs);
      }
      expect(store.state.circuit).to.equal('open');
      const { ms } = await attempt(async () => {
        for (let count = 0; count < 50; count += 1) await failureOf(store.read(['a']));
      });
      expect(ms, '50 reads while the circuit is open').to.be.below(50);
      await server.resume();
      expect(await untilAnswered(store, 'a')).to.equal('of a');
      expect(store.state).to.deep.equal({ circuit: 'closed', pendingDrops: 0 });
    });

    it('delivers the invalidations of that time before it reads again', async () => {
      const server = await startServer();
      const store = await open(server.url);
      await store.write([entry('a', 'outdated'), entry('b', 'outdated'), entry('c')]);
      await server.pause();
      const { ms, error } = await attempt(() => store.drop(['a']));
      expect(error).to.be.instanceOf(StoreUnavailableError);
      expect(ms).to.be.below(deadlineMs + slackMs);
      const { ms: laterMs } = await attempt(() => store.drop(['b']));
      expect(laterMs).to.be.below(20);
      expect(await failureOf(store.read(['a']))).to.match(/2 invalidations are waiting/);
      await server.resume();
      expect(await untilAnswered(store, 'a')).to.equal(undefined);
      expect(await store.read(['b', 'c'])).to.deep.equal([undefined, 'of c']);
    });
  });

  describe('that is killed', () => {
    it('fails at once, and works again when the server was started again', async () => {
      const server = await startServer();
      const store = await open(server.url);
      await server.kill();
      const { ms } = await attempt(async () => {
        for (let count = 0; count < 20; count += 1) {
          expect(await failureOf(store.read(['a']))).to.be.instanceOf(StoreUnavailableError);
        }
      });
      expect(ms, '20 reads').to.be.below(deadlineMs);
      await server.process.start();
      expect(await untilAnswered(store, 'a')).to.equal(undefined);
    });

    it('fails what is under way', async () => {
      const server = await startServer();
      const store = await open(server.url);
      await server.pause();
      const underWay = attempt(() => store.read(['a']));
      await server.kill();
      expect((await underWay).ms).to.be.below(deadlineMs);
    });

    it('delivers the invalidations of that time before it reads what was on the disk', async () => {
      const server = await startServer({ appendonly: 'yes', appendfsync: 'always' });
      const store = await open(server.url);
      await store.write([entry('a', 'outdated'), entry('b')]);
      await server.kill();
      expect(await failureOf(store.drop(['a']))).to.be.instanceOf(StoreUnavailableError);
      await server.process.start();
      expect(await untilAnswered(store, 'b')).to.equal('of b');
      expect(await store.read(['a'])).to.deep.equal([undefined]);
    });

    it('does not keep a program from starting, and is used from when it is there', async () => {
      const server = await startServer();
      await server.kill();
      const { ms, value: store } = await attempt(() => open(server.url));
      expect(ms).to.be.below(1_000);
      expect(await failureOf(store!.read(['a']))).to.match(/ECONNREFUSED/);
      await server.process.start();
      expect(await untilAnswered(store!, 'a')).to.equal(undefined);
    });

    it('costs no more with a client whose offline queue is on', async () => {
      const server = await startServer();
      const client = new Redis(server.port, { retryStrategy: () => 50 });
      client.on('error', () => undefined);
      cleanUp.push(() => client.disconnect());
      const store = await open(client);
      await store.write([entry('a')]);
      await server.kill();
      const { ms, error } = await attempt(() => store.read(['a']));
      expect(error).to.be.instanceOf(StoreUnavailableError);
      expect(ms).to.be.below(deadlineMs + slackMs);
      await server.process.start();
      expect(await untilAnswered(store, 'a')).to.equal(undefined);
    });
  });

  describe('that refuses writes', () => {
    it('still reads and drops when its memory is full, and keeps what it was given out of the error', async () => {
      const server = await startServer({ 'maxmemory-policy': 'noeviction' });
      const store = await open(server.url);
      await store.write([entry('a'), entry('b')]);
      await command(server, 'CONFIG', 'SET', 'maxmemory', '1');
      for (const write of [
        () => store.write([entry('key', 'secret')]),
        () => store.write([entry('key', 'secret'), entry('other', 'secret')]),
        () => store.acquire([entry('key', 'secret')]),
      ]) {
        const error = await failureOf(write());
        expect(error).to.match(/OOM command not allowed/);
        expect(inspect(error, { depth: 9 })).to.not.include('secret');
      }
      expect(await store.read(['a', 'b'])).to.deep.equal(['of a', 'of b']);
      await store.drop(['a']);
      expect(await store.read(['a', 'b'])).to.deep.equal([undefined, 'of b']);
      expect(store.state).to.deep.equal({ circuit: 'closed', pendingDrops: 0 });
    });

    it('is not read while it refuses an invalidation', async () => {
      const server = await startServer();
      const store = await open(server.url);
      await store.write([entry('a', 'outdated')]);
      await command(server, 'CONFIG', 'SET', 'min-replicas-to-write', '1');
      expect(await failureOf(store.drop(['a']))).to.match(/NOREPLICAS/);
      expect(await failureOf(store.read(['a']))).to.match(/1 invalidations are waiting/);
      expect(await failureOf(store.acquire([entry('a')]))).to.match(/1 invalidations are waiting/);
      await command(server, 'CONFIG', 'SET', 'min-replicas-to-write', '0');
      expect(await untilAnswered(store, 'a')).to.equal(undefined);
    });

    it('fails as a whole when one command of several is refused', async () => {
      const server = await startServer();
      await command(server, 'ACL', 'SETUSER', 'half', 'on', '>pw', '+@all', '~allowed*');
      const store = await open(`redis://half:pw@127.0.0.1:${server.port}`);
      expect(await failureOf(store.write([entry('allowed'), entry('other')]))).to.match(/NOPERM/);
      expect(await failureOf(store.acquire([entry('allowed'), entry('other')]))).to.match(/NOPERM/);
      expect(await store.read(['allowed'])).to.deep.equal(['of allowed']);
    });
  });

  describe('that cannot be talked to', () => {
    it('costs a bounded time when it accepts connections and never replies', async () => {
      const proxy = await startTcpProxy(await startServer());
      cleanUp.push(() => proxy.close());
      proxy.stall();
      const opening = await attempt(() => open(`redis://127.0.0.1:${proxy.port}`));
      expect(opening.ms).to.be.below(1_000 + slackMs);
      for (const run of [() => opening.value!.read(['a']), () => opening.value!.drop(['a'])] as const) {
        const { ms, error } = await attempt<unknown>(run);
        expect(error).to.be.instanceOf(StoreUnavailableError);
        expect(ms).to.be.below(deadlineMs + slackMs);
      }
      const closing = await attempt(() => opening.value!.close());
      expect(closing.error).to.match(/closed before 1 invalidated keys could be dropped/);
      expect(closing.ms).to.be.below(deadlineMs + slackMs);
    });

    it('says why when it refuses the password, without repeating that', async () => {
      const server = await startServer({ requirepass: 'right' });
      const wrong = await open(`redis://:geheim@127.0.0.1:${server.port}`);
      const error = await failureOf(wrong.read(['a']));
      expect(error).to.match(/WRONGPASS/);
      expect(inspect(error, { depth: 9 })).to.not.include('geheim');
      const none = await open(server.url);
      expect(await failureOf(none.read(['a']))).to.match(/NOAUTH/);
      const right = await open(`redis://:right@127.0.0.1:${server.port}`);
      expect(await right.read(['a'])).to.deep.equal([undefined]);
    });

    it('gets a new connection when the old one leads nowhere, without a word from the network', async () => {
      const server = await startServer();
      const relay = await Relay.start(server.port);
      cleanUp.push(() => relay.close());
      const store = await open(`redis://127.0.0.1:${relay.port}`);
      await store.write([entry('a')]);
      relay.loseConnections();
      expect(await failureOf(store.read(['a']))).to.match(/no answer/);
      expect(await untilAnswered(store, 'a')).to.equal('of a');
    });

    it('works again after its connections were cut', async () => {
      const server = await startServer();
      const store = await open(server.url);
      await store.write([entry('a')]);
      await command(server, 'CLIENT', 'KILL', 'TYPE', 'normal');
      expect(await untilAnswered(store, 'a')).to.equal('of a');
    });
  });

  describe('close', () => {
    it('ends the connection that the store made, after what is in flight', async () => {
      const server = await startServer();
      const store = await open(server.url);
      const reading = store.read(['a']);
      await store.close();
      expect(await reading).to.deep.equal([undefined]);
      expect(await failureOf(store.read(['a']))).to.match(/Connection is closed/);
    });

    it('leaves a client alone that was given', async () => {
      const server = await startServer();
      const client = new Redis(server.port);
      cleanUp.push(() => client.disconnect());
      const store = await open(client);
      await store.close();
      expect(await client.ping()).to.equal('PONG');
    });

    it('is quick when there is no connection', async () => {
      const store = await open(`redis://127.0.0.1:${await freePort()}`);
      expect((await attempt(() => store.close())).ms).to.be.below(100);
    });
  });

  it('refuses a client that reads from replicas', async () => {
    const client = new Redis({ lazyConnect: true, sentinels: [{ host: '127.0.0.1' }], name: 'main', role: 'slave' });
    const error = await openStore(client, { clock: systemClock }).catch((reason: unknown) => reason);
    expect(error).to.have.property(
      'message',
      "A cache in Redis must read from masters, since replicas may still have what was dropped: leave out 'scaleReads' and 'role' of the ioredis client.",
    );
  });
});

interface Attempt<Value> {
  readonly ms: number;
  readonly value: Value | undefined;
  readonly error: unknown;
}

async function attempt<Value>(run: () => PromiseLike<Value>): Promise<Attempt<Value>> {
  const start = performance.now();
  try {
    return { value: await run(), error: undefined, ms: performance.now() - start };
  } catch (error) {
    return { value: undefined, error, ms: performance.now() - start };
  }
}

async function failureOf(operation: PromiseLike<unknown>): Promise<unknown> {
  return (await attempt(() => operation)).error;
}

/** Reads again and again until the store answers; fails after five seconds. */
async function untilAnswered(store: CacheStore, key: string): Promise<string | undefined> {
  const end = performance.now() + 5_000;
  for (;;) {
    const { value, error } = await attempt(async () => store.read([key]));
    if (value) return value[0];
    if (performance.now() > end) throw error;
    await wait(10);
  }
}

async function command(server: TestServer, name: string, ...words: string[]): Promise<void> {
  const client = new Redis(server.port);
  client.on('error', () => undefined);
  await client.call(name, ...words).finally(() => client.disconnect());
}
