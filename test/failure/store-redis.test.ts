import { inspect } from 'node:util';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { afterEach, describe, it } from 'mocha';
import { StoreUnavailableError } from '../../src/errors.js';
import { openStore } from '../../src/store/open-store.js';
import { systemClock } from '../../src/support/clock.js';
import { startTcpProxy } from '../setup/tcp-proxy.js';
import { attempt, Bench, command, deadlineMs, entry, failureOf, slackMs, untilAnswered } from './redis-bench.js';
import { Relay } from './relay.js';

describe('a store in Redis', () => {
  const bench = new Bench();

  afterEach(() => bench.clear());

  describe('that is stopped', () => {
    it('answers every read within the deadline, later ones at once, and works again by itself', async () => {
      const server = await bench.startServer();
      const store = await bench.open(server.url);
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
      expect(ms, '50 reads while the circuit is open').to.be.below(200);
      await server.resume();
      expect(await untilAnswered(store, 'a')).to.equal('of a');
      expect(store.state).to.deep.equal({ circuit: 'closed', pendingDrops: 0 });
    });

    it('delivers the invalidations of that time before it reads again', async () => {
      const server = await bench.startServer();
      const store = await bench.open(server.url);
      await store.write([entry('a', 'outdated'), entry('b', 'outdated'), entry('c')]);
      await server.pause();
      const { ms, error } = await attempt(() => store.drop(['a']));
      expect(error).to.be.instanceOf(StoreUnavailableError);
      expect(ms).to.be.below(deadlineMs + slackMs);
      const { ms: laterMs } = await attempt(() => store.drop(['b']));
      expect(laterMs).to.be.below(150);
      expect(await failureOf(store.read(['a']))).to.match(/2 invalidations are waiting/);
      await server.resume();
      expect(await untilAnswered(store, 'a')).to.equal(undefined);
      expect(await store.read(['b', 'c'])).to.deep.equal([undefined, 'of c']);
    });
  });

  describe('that is killed', () => {
    it('fails at once, and works again when the server was started again', async () => {
      const server = await bench.startServer();
      const store = await bench.open(server.url);
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
      const server = await bench.startServer();
      const store = await bench.open(server.url);
      await server.pause();
      const underWay = attempt(() => store.read(['a']));
      await server.kill();
      expect((await underWay).ms).to.be.below(deadlineMs);
    });

    it('delivers the invalidations of that time before it reads what was on the disk', async () => {
      const server = await bench.startServer({ appendonly: 'yes', appendfsync: 'always' });
      const store = await bench.open(server.url);
      await store.write([entry('a', 'outdated'), entry('b')]);
      await server.kill();
      expect(await failureOf(store.drop(['a']))).to.be.instanceOf(StoreUnavailableError);
      await server.process.start();
      expect(await untilAnswered(store, 'b')).to.equal('of b');
      expect(await store.read(['a'])).to.deep.equal([undefined]);
    });

    it('does not keep a program from starting, and is used from when it is there', async () => {
      const server = await bench.startServer();
      await server.kill();
      const { ms, value: store } = await attempt(() => bench.open(server.url));
      expect(ms).to.be.below(1_000);
      expect(await failureOf(store!.read(['a']))).to.match(/ECONNREFUSED/);
      await server.process.start();
      expect(await untilAnswered(store!, 'a')).to.equal(undefined);
    });

    it('costs no more with a client whose offline queue is on', async () => {
      const server = await bench.startServer();
      const client = new Redis(server.port, { retryStrategy: () => 50 });
      client.on('error', () => undefined);
      bench.afterwards(() => client.disconnect());
      const store = await bench.open(client);
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
      const server = await bench.startServer({ 'maxmemory-policy': 'noeviction' });
      const store = await bench.open(server.url);
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
      const server = await bench.startServer();
      const store = await bench.open(server.url);
      await store.write([entry('a', 'outdated')]);
      await command(server, 'CONFIG', 'SET', 'min-replicas-to-write', '1');
      expect(await failureOf(store.drop(['a']))).to.match(/NOREPLICAS/);
      expect(await failureOf(store.read(['a']))).to.match(/1 invalidations are waiting/);
      expect(await failureOf(store.acquire([entry('a')]))).to.match(/1 invalidations are waiting/);
      await command(server, 'CONFIG', 'SET', 'min-replicas-to-write', '0');
      expect(await untilAnswered(store, 'a')).to.equal(undefined);
    });

    it('fails as a whole when one command of several is refused', async () => {
      const server = await bench.startServer();
      await command(server, 'ACL', 'SETUSER', 'half', 'on', '>pw', '+@all', '~allowed*');
      const store = await bench.open(`redis://half:pw@127.0.0.1:${server.port}`);
      expect(await failureOf(store.write([entry('allowed'), entry('other')]))).to.match(/NOPERM/);
      expect(await failureOf(store.acquire([entry('allowed'), entry('other')]))).to.match(/NOPERM/);
      expect(await store.read(['allowed'])).to.deep.equal(['of allowed']);
    });
  });

  describe('that cannot be talked to', () => {
    it('costs a bounded time when it accepts connections and never replies', async () => {
      const proxy = await startTcpProxy(await bench.startServer());
      bench.afterwards(() => proxy.close());
      proxy.stall();
      const opening = await attempt(() => bench.open(`redis://127.0.0.1:${proxy.port}`));
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
      const server = await bench.startServer({ requirepass: 'right' });
      const wrong = await bench.open(`redis://:geheim@127.0.0.1:${server.port}`);
      const error = await failureOf(wrong.read(['a']));
      expect(error).to.match(/WRONGPASS/);
      expect(inspect(error, { depth: 9 })).to.not.include('geheim');
      const none = await bench.open(server.url);
      expect(await failureOf(none.read(['a']))).to.match(/NOAUTH/);
      const right = await bench.open(`redis://:right@127.0.0.1:${server.port}`);
      expect(await right.read(['a'])).to.deep.equal([undefined]);
    });

    it('gets a new connection when the old one leads nowhere, without a word from the network', async () => {
      const server = await bench.startServer();
      const relay = await Relay.start(server.port);
      bench.afterwards(() => relay.close());
      const store = await bench.open(`redis://127.0.0.1:${relay.port}`);
      await store.write([entry('a')]);
      relay.loseConnections();
      expect(await failureOf(store.read(['a']))).to.match(/no answer/);
      expect(await untilAnswered(store, 'a')).to.equal('of a');
    });

    it('works again after its connections were cut', async () => {
      const server = await bench.startServer();
      const store = await bench.open(server.url);
      await store.write([entry('a')]);
      await command(server, 'CLIENT', 'KILL', 'TYPE', 'normal');
      expect(await untilAnswered(store, 'a')).to.equal('of a');
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
