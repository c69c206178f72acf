import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { DirectRedis } from '../../src/store/direct-redis.js';
import { connectRedis } from '../../src/store/redis-client.js';
import { databaseConfig } from '../../src/database/database-config.js';
import { openDatabase } from '../../src/database/open-database.js';
import { bufferedSocket, receiveFrom } from '../../src/support/buffered-socket.js';
import { sharedPostgresUrl } from '../setup/shared-servers.js';
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
    socket = bufferedSocket().connect({ host: 'localhost', port });
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

  it('holds the other side back while nobody wants more, and loses nothing', async () => {
    const text = 'abcdefghij'.repeat(2_000_000);
    let received = '';
    socket.on('data', (piece: Buffer) => (received += piece.toString()));
    peer.write(text.slice(0, 10));
    await until(() => received.length === 10);
    socket.pause();
    peer.write(text.slice(10));
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(peer.writableLength, 'it reads on although nobody wants more').to.be.above(0);
    expect(received.length).to.equal(10);
    socket.resume();
    await until(() => received.length === text.length);
    expect(received).to.equal(text);
  });

  it('keeps what comes before anybody listens', async () => {
    peer.write('early');
    await until(() => socket.bytesRead === 5);
    let received = '';
    socket.on('data', (piece: Buffer) => (received += piece.toString()));
    peer.write(', late');
    await until(() => received.length === 11);
    expect(received).to.equal('early, late');
  });

  it('gives texts to those who asked for an encoding', async () => {
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => (received += piece.toUpperCase()));
    peer.write('é'.repeat(100_000));
    await until(() => received.length === 100_000);
    expect(received).to.equal('É'.repeat(100_000));
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

describe('PostgreSQL over a socket that reads into one buffer', () => {
  /** Node keeps the buffer of such a socket under a symbol of its own. */
  const readsIntoOneBuffer = (socket: object): boolean =>
    Object.getOwnPropertySymbols(socket).some((name) => name.description === 'kBuffer' && Reflect.get(socket, name));

  it('answers rows of any length, in whatever pieces they come', async () => {
    const streams: Socket[] = [];
    const afterCreate = (client: { connection: { stream: Socket } }, done: (...given: unknown[]) => void): void => {
      streams.push(client.connection.stream);
      done(undefined, client);
    };
    const connection = await sharedPostgresUrl();
    const db = await openDatabase({ client: 'pg', connection, pool: { max: 2, afterCreate } });
    const lengths = [0, 1, 5_000, 70_000, 300_000, 2];
    const text = 'SELECT repeat($1, length) FROM unnest($2::int[]) WITH ORDINALITY AS l (length, place) ORDER BY place';
    const ask = (each: string) => db.run({ text, parameters: [each, lengths], prepare: true });
    for (let round = 0; round < 3; round += 1) {
      const [ascii, other] = await Promise.all([ask('x'), ask('é€')]);
      expect(ascii.rows.flat()).to.deep.equal(lengths.map((length) => 'x'.repeat(length)));
      expect(other.rows.flat()).to.deep.equal(lengths.map((length) => 'é€'.repeat(length)));
    }
    await db.close();
    expect(streams.map(readsIntoOneBuffer)).to.deep.equal([true, true]);
  });

  it('leaves TLS, which takes the socket over, one of the usual kind', () => {
    const { connection } = databaseConfig('postgres://localhost/a', { queryTimeoutMs: 1, acquireTimeoutMs: 1 });
    const { stream } = connection as { stream: (config: { ssl: unknown }) => Socket };
    expect([true, { ca: '' }, false, undefined].map((ssl) => readsIntoOneBuffer(stream({ ssl })))).to.deep.equal([
      false,
      false,
      true,
      true,
    ]);
  });
});
