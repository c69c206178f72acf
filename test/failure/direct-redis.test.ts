import { connect, type AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { expect } from 'chai';
import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { afterEach, describe, it } from 'mocha';
import { DirectRedis } from '../../src/store/direct-redis.js';
import type { IoredisClient } from '../../src/store/redis-client.js';
import { until } from '../support/until.js';
import { Bench } from './redis-bench.js';

const clients: Readonly<Record<string, (options: object) => IoredisClient>> = {
  'ioredis 6': (options) => new Redis6({ ...options, protocol: 2 }),
  'ioredis 5': (options) => new Redis5(options),
};

for (const [name, make] of Object.entries(clients)) {
  describe(`Redis over the socket of ${name}`, () => {
    const bench = new Bench();
    let sentByIoredis: string[];

    afterEach(() => bench.clear());

    function open(options: object): { readonly client: IoredisClient; readonly direct: DirectRedis } {
      const client = make({ enableOfflineQueue: false, maxRetriesPerRequest: 0, ...options });
      client.on('error', () => undefined);
      bench.afterwards(() => client.disconnect());
      sentByIoredis = [];
      const call = client.call.bind(client);
      client.call = (command, ...words) => {
        sentByIoredis.push(command);
        return call(command, ...words);
      };
      return { client, direct: new DirectRedis(client) };
    }

    const ready = ({ status }: DirectRedis): boolean => status === 'ready';

    it('logs in and takes the database as ioredis was told to, and sends the rest itself', async () => {
      const server = await bench.startServer({ requirepass: 'secret' });
      const { direct } = open({ port: server.port, password: 'secret', db: 3 });
      await until(() => ready(direct));
      await direct.set('a', 'in 3');
      expect(await direct.mget(['a', 'b'])).to.eql(['in 3', undefined]);
      expect(sentByIoredis).to.eql([]);
      const { direct: other } = open({ port: server.port, password: 'secret', db: 4 });
      await until(() => ready(other));
      expect(await other.mget(['a'])).to.eql([undefined]);
    });

    it('goes over TLS', async () => {
      const server = await bench.startServer();
      const psk = Buffer.from('a key that both know');
      const options = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;
      const tlsServer = createServer({ ...options, pskCallback: () => psk, pskIdentityHint: 'test' }, (socket) => {
        const plain = connect(server.port, '127.0.0.1');
        socket.pipe(plain).pipe(socket);
        for (const each of [socket, plain]) each.on('error', () => undefined);
      });
      await new Promise<void>((resolve) => tlsServer.listen(0, '127.0.0.1', resolve));
      bench.afterwards(() => tlsServer.close());
      const { port } = tlsServer.address() as AddressInfo; // a TCP server that listens has no other address
      const tls = { ...options, pskCallback: () => ({ psk, identity: 'test' }), checkServerIdentity: () => undefined };
      const { client, direct } = open({ port, tls });
      await until(() => ready(direct));
      await direct.set('a', 'é'.repeat(100_000));
      expect(await direct.mget(['a'])).to.eql(['é'.repeat(100_000)]);
      expect(sentByIoredis).to.eql([]);
      expect(client.stream).to.have.property('encrypted', true);
    });

    it('rejects what is open when the connection is lost, sends nothing again, and goes on over the next one', async () => {
      const server = await bench.startServer();
      const { client, direct } = open({ port: server.port });
      await until(() => ready(direct));
      await direct.set('n', '0');
      await server.pause();
      const lost = Promise.allSettled([direct.eval("return redis.call('incr', KEYS[1])", 1, 'n'), direct.mget(['n'])]);
      client.stream?.destroy();
      const outcomes = await lost;
      expect(outcomes.map((outcome) => 'reason' in outcome && String(outcome.reason))).to.eql([
        'Error: Connection is closed.',
        'Error: Connection is closed.',
      ]);
      await server.resume();
      await until(() => ready(direct));
      expect((await direct.mget(['n']))[0]).to.be.oneOf(['0', '1']); // the server may have read what was sent
      expect(sentByIoredis).to.eql([]);
    });

    it('rejects at once while there is no connection', async () => {
      const server = await bench.startServer();
      const { direct } = open({ port: server.port });
      await until(() => ready(direct));
      await server.kill();
      await until(() => !ready(direct));
      const failure = await direct.mget(['a']).catch((error: unknown) => error);
      expect(String(failure)).to.match(/Stream isn't writeable|Connection is closed/);
    });

    it('lets ioredis send while that waits for something itself, and takes over when it does not', async () => {
      const server = await bench.startServer();
      const client = make({ port: server.port });
      bench.afterwards(() => client.disconnect());
      const busy = Promise.all([client.call('info', 'server'), client.set('a', '1')]);
      await until(() => client.status === 'ready');
      await server.pause();
      const waiting = client.call('get', 'a');
      const direct = new DirectRedis(client);
      const sent = direct.mget(['a', 'b']);
      await server.resume();
      await busy;
      expect(await waiting).to.equal('1');
      expect(await sent).to.eql(['1', undefined]);
      const listeners = client.stream?.listeners('data');
      expect(await direct.mget(['a', 'b'])).to.eql(['1', undefined]);
      expect(client.stream?.listeners('data')).to.not.eql(listeners);
    });

    it('tells of several commands what became of each, all in one write', async () => {
      const server = await bench.startServer();
      const { client, direct } = open({ port: server.port });
      await until(() => direct.isTracking); // which takes writes too
      let writes = 0;
      const { stream } = client;
      const write = stream?.write.bind(stream);
      if (stream && write) stream.write = ((text: string) => ((writes += 1), write(text))) as typeof stream.write;
      const pipeline = direct.pipeline();
      pipeline.set('text', 'x', 'PX', 60_000);
      pipeline.zadd('text', 1, 'member');
      pipeline.mget(['text', 'none']);
      pipeline.time();
      const [set, added, texts, time] = await pipeline.exec();
      expect(set).to.eql([null, 'OK']);
      expect(added?.[0])
        .to.have.property('message')
        .that.matches(/WRONGTYPE/);
      expect(texts).to.eql([null, ['x', undefined]]);
      expect(time?.[1]).to.have.lengthOf(2);
      expect(writes).to.equal(1);
    });
  });
}
