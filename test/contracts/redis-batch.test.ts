import { expect } from 'chai';
import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { after, before, describe, it } from 'mocha';
import { inOneGo } from '../../src/store/redis-batch.js';
import { RedisStore } from '../../src/store/redis-store.js';
import { startRedis, type TestServer } from '../setup/servers.js';

interface Socket {
  _write: (...given: unknown[]) => void;
  _writev: (...given: unknown[]) => void;
}

const clients: Readonly<Record<string, (port: number) => Redis5 | Redis6>> = {
  'ioredis 6': (port) => new Redis6(port),
  'ioredis 5': (port) => new Redis5(port),
};

for (const [name, open] of Object.entries(clients)) {
  describe(`what is asked of Redis in one go, with ${name}`, () => {
    let server: TestServer;
    let redis: Redis5 | Redis6;

    before(async () => {
      server = await startRedis();
      redis = open(server.port);
      await redis.ping();
    });
    after(async () => {
      redis.disconnect();
      await server.kill();
    });

    /** How often `task` writes to the socket before it is answered. */
    async function writesOf(task: () => unknown): Promise<number> {
      const socket = redis.stream as unknown as Socket;
      let writes = 0;
      const { _write, _writev } = socket;
      Object.assign(socket, {
        _write: (...given: unknown[]) => ((writes += 1), _write.apply(socket, given)),
        _writev: (...given: unknown[]) => ((writes += 1), _writev.apply(socket, given)),
      });
      await task();
      Object.assign(socket, { _write, _writev });
      return writes;
    }

    it('leaves in one write, however many commands it is', async () => {
      const store = new RedisStore(redis);
      const requests = ['a', 'b', 'c'].map((key) => ({ key, value: 'own', ttlMs: 60_000 }));
      expect(await writesOf(() => store.acquire(requests))).to.equal(1);
      expect(await writesOf(() => store.write(requests))).to.equal(1);
      expect(await writesOf(() => store.read(['a', 'b', 'c']))).to.equal(1);
      expect(await writesOf(() => Promise.all([redis.get('a'), redis.get('b')]))).to.equal(2);
    });

    it('tells of each command what became of it, in their order', async () => {
      const replies = await inOneGo(redis, (commands) => {
        commands.set('text', 'x', 'PX', 60_000);
        commands.zadd('text', 1, 'member');
        commands.mget(['text', 'none']);
        commands.unlink(['text']);
      });
      expect(replies.map(([, value]) => value)).to.deep.equal(['OK', undefined, ['x', null], 1]);
      expect(replies[1]?.[0]).to.be.instanceOf(Error).with.property('message').that.contains('WRONGTYPE');
    });

    it('holds nothing back where asking fails', async () => {
      const failure = new Error('before the second command');
      const asked = inOneGo(redis, (commands) => {
        commands.set('begun', 'x');
        throw failure;
      });
      expect(await asked.catch((error: unknown) => error)).to.equal(failure);
      expect(await redis.get('begun')).to.equal('x');
    });

    it('fails where there is no connection', async () => {
      const lost = open(server.port);
      await lost.ping();
      lost.disconnect();
      const replies = await inOneGo(lost, (commands) => {
        commands.mget(['a']);
        commands.set('a', 'x');
      });
      for (const [error] of replies) expect(error).to.be.instanceOf(Error);
    });
  });
}
