import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { connectBuffered, receiveFrom } from '../../src/store/buffered-socket.js';
import { DirectRedis } from '../../src/store/direct-redis.js';
import { connectRedis } from '../../src/store/redis-client.js';
import { until } from '../support/until.js';
import { Bench } from './redis-bench.js';

describe('a socket that reads into one buffer', () => {
  let server: Server;
  let socket: Socket;
  let peer: Socket;

  beforeEach(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo; // a TCP server that listens has no other address
    socket = connectBuffered({ host: 'localhost', port });
    [peer] = (await once(server, 'connection')) as [Socket]; // what the event is about
  });

  afterEach(() => {
    for (const each of [socket, peer]) each.destroy();
    server.close();
  });

  it('is like any other for those who listen: what they get stays as it is', async () => {
    const pieces: Buffer[] = [];
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    for (const text of ['one', 'two', 'x'.repeat(200_000)]) {
      const before = pieces.length;
      peer.write(text);
      await until(() => Buffer.concat(pieces.slice(before)).length === text.length);
    }
    expect(Buffer.concat(pieces).toString()).to.equal(`onetwo${'x'.repeat(200_000)}`);
    peer.end();
    await once(socket, 'end');
  });

  it('gives whoever takes it over all that comes, and nobody else anything', async () => {
    let listened = 0;
    let received = '';
    socket.on('data', () => (listened += 1));
    receiveFrom(socket, (piece) => (received += piece.toString()));
    const text = 'abcdefghij'.repeat(30_000);
    peer.write(text);
    await until(() => received.length === text.length);
    expect(received).to.equal(text);
    expect(listened).to.equal(0);
    peer.end();
    await once(socket, 'close');
  });
});

describe('Redis over a socket that reads into one buffer', () => {
  const bench = new Bench();

  afterEach(() => bench.clear());

  it('answers texts of any length, however many at once', async () => {
    const server = await bench.startServer({ requirepass: 'secret' });
    const client = await connectRedis(`redis://:secret@127.0.0.1:${server.port}/2`, { protocol: 2 });
    bench.afterwards(() => client.disconnect());
    const direct = new DirectRedis(client);
    await until(() => direct.status === 'ready');
    const texts = [1, 5_000, 70_000, 300_000].flatMap((length) => ['x'.repeat(length), 'é€'.repeat(length)]);
    await Promise.all(texts.map((text, index) => direct.set(`text ${index}`, text)));
    const keys = texts.map((_, index) => `text ${index}`);
    const answers = await Promise.all([direct.mget(keys), ...keys.map((key) => direct.mget([key])), direct.mget(keys)]);
    expect(answers).to.eql([texts, ...texts.map((text) => [text]), texts]);
    expect(client.stream?.listenerCount('data'), 'it is not read as others are').to.equal(0);
  });

  it('connects again by itself', async () => {
    const server = await bench.startServer();
    const client = await connectRedis(`redis://127.0.0.1:${server.port}`, { protocol: 2 });
    bench.afterwards(() => client.disconnect());
    const direct = new DirectRedis(client);
    await until(() => direct.status === 'ready');
    await direct.set('a', '1');
    const { stream } = client;
    stream?.destroy();
    await until(() => client.stream !== stream && direct.status === 'ready');
    expect(await direct.mget(['a'])).to.eql(['1']);
  });
});
