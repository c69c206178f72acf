import { connect, createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Texts } from '../../src/store/cache-store.js';
import { DirectRedis } from '../../src/store/direct-redis.js';
import { partedKeys, partTexts } from '../../src/store/parted-keys.js';
import { connectRedis } from '../../src/store/redis-client.js';
import { repeatedKeys, type RepeatedKeys } from '../../src/store/repeated-keys.js';
import { FakeClock } from '../../src/testing/index.js';
import type { ServerSettings, TestServer } from '../setup/servers.js';
import { Random } from '../support/random.js';
import { until } from '../support/until.js';
import { warnings } from '../support/warnings.js';
import { Bench } from './redis-bench.js';

describe('Client tracking of a real Redis', () => {
  const bench = new Bench();
  let server: TestServer;
  let direct: DirectRedis;
  let other: Redis;
  let heard: ReturnType<typeof warnings>;

  beforeEach(() => {
    heard = warnings('The cache in Redis');
  });

  afterEach(async () => {
    await bench.clear();
    expect(heard.end(), 'everything was told').to.eql([]);
  });

  async function open(settings: ServerSettings = {}, clock?: FakeClock): Promise<void> {
    server = await bench.startServer(settings);
    const client = await connectRedis(`redis://127.0.0.1:${server.port}`, { protocol: 2 });
    bench.afterwards(() => client.disconnect());
    direct = new DirectRedis(client, clock);
    other = new Redis(server.port);
    other.on('error', () => undefined);
    bench.afterwards(() => other.disconnect());
    await until(() => direct.isTracking);
  }

  const read = (keys: readonly string[]): Promise<Texts> =>
    new Promise((resolve, reject) => direct.request(keys, resolve, reject));

  async function pings(): Promise<number> {
    const facts = await other.info('commandstats');
    return Number(/^cmdstat_ping:calls=(\d+)/m.exec(facts)?.[1] ?? 0);
  }

  /** Reads until the texts are kept. */
  async function keep(keys: RepeatedKeys): Promise<void> {
    const before = await pings();
    await read(keys);
    await read(keys);
    await read(keys);
    expect(await pings(), 'the last one is only a ping').to.equal(before + 1);
  }

  const entry = (): RepeatedKeys => repeatedKeys(['entry', 's1', 's2'], true);

  const changes: Readonly<Record<string, () => Promise<unknown>>> = {
    'is dropped by another connection': () => other.unlink('s1'),
    'is dropped over its own connection': () => direct.unlink(['s1']),
    'is dropped by a script of its own': () => direct.eval("return redis.call('unlink', KEYS[1])", 1, 's1'),
    'is dropped by a script of another': () => other.eval("return redis.call('unlink', KEYS[1])", 1, 's1'),
    'is dropped in a pipeline of its own': () => {
      const pipeline = direct.pipeline();
      pipeline.unlink(['s1']);
      pipeline.set('s1', 'new');
      return pipeline.exec();
    },
    'is set anew': () => other.set('s1', 'new'),
    'is set anew over its own connection': () => direct.set('s1', 'new'),
    'is dropped in a transaction': () => other.multi().unlink('s1').set('s1', 'new').exec(),
    'gives way to another': () => other.rename('s2', 's1'),
    'ends by its time': async () => {
      await other.pexpire('s1', 1);
      await until(async () => (await other.exists('s1')) === 0);
    },
    'is restored from a dump': async () => {
      await other.set('s3', 'new');
      await other.restore('s1', 0, await other.dumpBuffer('s3'), 'REPLACE');
    },
    'is flushed with everything': () => other.flushall(),
    'is flushed over its own connection': () => direct.eval("return redis.call('flushall')", 0),
  };

  for (const [what, change] of Object.entries(changes)) {
    it(`answers as the server does after a text ${what}`, async () => {
      await open();
      await other.mset({ entry: 'e', s1: '1', s2: '2' });
      const keys = entry();
      await keep(keys);
      await change();
      const expected = await direct.mget([...keys]);
      expect(expected).to.not.eql(['e', '1', '2']);
      expect([...(await read(keys))]).to.eql(expected);
    });
  }

  it('answers as the server does when that has evicted a text', async () => {
    await open({ maxmemory: '3mb', 'maxmemory-policy': 'allkeys-random' });
    await other.mset({ entry: 'e', s1: '1', s2: '2' });
    const keys = entry();
    await keep(keys);
    for (let round = 0; (await other.exists('s1')) === 1; round += 1) {
      await other.set(`filler ${round}`, 'x'.repeat(20_000));
    }
    expect((await read(keys))[1]).to.equal(undefined);
  });

  it('is right where the server tracks fewer keys than are asked for', async () => {
    await open({ 'tracking-table-max-keys': 4 });
    await other.mset({ entry: 'e', s1: '1', s2: '2', 'entry 2': 'e', s3: '1', s4: '2' });
    const lists = [entry(), repeatedKeys(['entry 2', 's3', 's4'], true)];
    for (let round = 0; round < 200; round += 1) {
      await Promise.all([other.set('s1', String(round)), other.set('s4', String(round))]);
      const [[, s1] = [], [, , s4] = []] = await Promise.all(lists.map(read));
      expect([s1, s4]).to.eql([String(round), String(round)]);
      await Promise.all(lists.map(read));
    }
  });

  it('shows for a minute at most what SWAPDB took away, which is not told', async () => {
    const clock = new FakeClock();
    await open({}, clock);
    await other.mset({ entry: 'e', s1: '1', s2: '2' });
    const keys = entry();
    await keep(keys);
    await other.swapdb(0, 1);
    clock.advance(60_000);
    expect([...(await read(keys))]).to.eql([undefined, undefined, undefined]);
    expect(direct.isTracking, 'they may have ended').to.equal(true);
  });

  it('keeps nothing over the end of a connection', async () => {
    await open();
    await other.mset({ entry: 'e', s1: '1', s2: '2' });
    const keys = entry();
    await keep(keys);
    await other.call('client', 'kill', 'type', 'normal', 'skipme', 'yes');
    await until(() => !direct.isTracking);
    await other.set('s1', 'new');
    await until(() => direct.isTracking);
    expect([...(await read(keys))]).to.eql(['e', 'new', '2']);
    await keep(entry());
    await server.kill();
    await until(() => !direct.isTracking);
    await server.restart();
    await until(() => direct.isTracking);
    expect([...(await read(keys))]).to.eql([undefined, undefined, undefined]);
  });

  it('notices a proxy that swallows what is told, says so once, and tracks nothing over later connections', async () => {
    await open();
    const proxy = createServer((socket) => {
      const target = connect(server.port, '127.0.0.1');
      socket.pipe(target);
      target.on('data', (bytes) => socket.write(bytes.toString('latin1').replaceAll(told, ''), 'latin1'));
      for (const each of [socket, target]) each.on('error', () => undefined);
      socket.on('close', () => target.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    bench.afterwards(() => proxy.close());
    const { port } = proxy.address() as AddressInfo; // a TCP server that listens has no other address
    const client = await connectRedis(`redis://127.0.0.1:${port}`, { protocol: 2 });
    bench.afterwards(() => client.disconnect());
    const clock = new FakeClock();
    direct = new DirectRedis(client, clock);
    await until(() => direct.isTracking);
    await other.mset({ entry: 'e', s1: '1', s2: '2' });
    const keys = entry();
    await keep(keys);
    await other.set('s1', 'new');
    clock.advance(60_000);
    expect([...(await read(keys))]).to.eql(['e', 'new', '2']);
    expect(direct.isTracking).to.equal(false);
    await until(() => heard.end().length > 0);
    expect(heard.end()).to.have.lengthOf(1);
    expect(heard.end()[0]).to.match(/did not tell that 's1' had changed/);
    heard = warnings('The cache in Redis');
    const { stream } = client;
    stream?.destroy();
    await until(() => client.stream !== stream && direct.status === 'ready');
    for (const text of ['a', 'b', 'c', 'd']) {
      await other.set('s1', text);
      expect((await read(keys))[1]).to.equal(text);
    }
    expect(direct.isTracking).to.equal(false);
  });

  it('works for a user who may not ask to be told', async () => {
    await open();
    await other.call('acl', 'setuser', 'plain', 'on', 'nopass', '~*', '+@all', '-client|tracking');
    const client = await connectRedis(`redis://plain:x@127.0.0.1:${server.port}`, { protocol: 2 });
    bench.afterwards(() => client.disconnect());
    direct = new DirectRedis(client);
    await until(() => direct.status === 'ready');
    await other.mset({ entry: 'e', s1: '1', s2: '2' });
    const keys = entry();
    for (let round = 0; round < 5; round += 1) {
      await other.set('s1', String(round));
      expect([...(await read(keys))]).to.eql(['e', String(round), '2']);
    }
    expect(direct.isTracking).to.equal(false);
    const pairs = await direct.zrangebyscore('none', 0, '+inf', 'WITHSCORES');
    expect(pairs).to.eql([]);
  });

  it('works for a user who may not PING, and while the server cannot save', async () => {
    await open({ save: '3600 1', 'enable-protected-configs': 'yes' });
    await other.call('acl', 'setuser', 'quiet', 'on', 'nopass', '~*', '+@all', '-ping');
    const client = await connectRedis(`redis://quiet:x@127.0.0.1:${server.port}`, { protocol: 2 });
    bench.afterwards(() => client.disconnect());
    const quiet = new DirectRedis(client);
    await until(() => quiet.isTracking && direct.isTracking);
    await other.mset({ entry: 'e', s1: '1', s2: '2' });
    const [keys, own] = [entry(), entry()];
    await keep(own);
    await other.config('SET', 'dir', '/proc'); // where nothing can be saved
    await other.bgsave();
    await until(async () => (await other.info('persistence')).includes('rdb_last_bgsave_status:err'));
    for (let time = 0; time < 4; time += 1) {
      expect([...(await read(own))]).to.eql(['e', '1', '2']);
      const texts = await new Promise<Texts>((resolve, reject) => quiet.request(keys, resolve, reject));
      expect([...texts]).to.eql(['e', '1', '2']);
    }
    expect([quiet.isTracking, direct.isTracking]).to.eql([false, false]);
  });

  it('reads lists with their scores as before', async () => {
    await open();
    await other.zadd('scores', 1, 'a', 2.5, 'b');
    expect(await direct.zrangebyscore('scores', 0, '+inf', 'WITHSCORES')).to.eql(['a', '1', 'b', '2.5']);
  });

  it('never answers with less than what was acknowledged before it was asked, whoever writes', async () => {
    await open();
    const random = Random.fromEnvironment('TRACKING_SEED');
    const names = Array.from({ length: 12 }, (_, index) => `key ${index}`);
    const acknowledged = new Map<string, number>(names.map((name) => [name, 0]));
    await other.mset(Object.fromEntries(names.map((name) => [name, '0'])));
    const lists = Array.from({ length: 20 }, () =>
      repeatedKeys(
        names.filter(() => random.below(4) === 0),
        true,
      ),
    ).filter(({ length }) => length > 0);
    let version = 0;
    const write = async (): Promise<void> => {
      const [name, own] = [random.oneOf(names), (version += 1)];
      const writer = random.oneOf([direct, other]);
      if (random.below(3) === 0) await writer.eval(raise, 1, name, String(own));
      else await Promise.all([writer.eval(raise, 1, name, String(own)), random.below(2) && tick()]);
      acknowledged.set(name, Math.max(own, acknowledged.get(name) ?? 0));
    };
    const ask = async (): Promise<void> => {
      const several = Array.from({ length: 1 + random.below(3) }, () => random.oneOf(lists));
      const keys = several.length === 1 ? random.oneOf(lists) : several.flat();
      const least = keys.map((name) => acknowledged.get(name) ?? 0);
      let next = 0;
      const places = several.map((list) => list.map(() => (next += 1) - 1));
      const whole = await read(several.length === 1 ? keys : partedKeys(keys, several, places));
      const texts =
        several.length === 1
          ? whole
          : places.flatMap((each, index) => partTexts(whole, index) ?? each.map((place) => whole[place]));
      for (const [index, text] of texts.entries()) {
        expect(Number(text), `TRACKING_SEED=${random.seed}`).to.be.at.least(least[index] ?? 0);
      }
    };
    const before = await pings();
    for (let round = 0; round < 1_500; round += 1) {
      const tasks = Array.from({ length: 1 + random.below(6) }, () => (random.below(8) === 0 ? write() : ask()));
      await Promise.all(tasks);
    }
    expect(await pings(), 'much was answered from what is kept').to.be.greaterThan(before + 500);
  });
});

/** What Redis writes when one key has changed. */
const told = />2\r\n\$10\r\ninvalidate\r\n\*1\r\n\$\d+\r\n[^\r]*\r\n/g;

/** Sets a number unless a larger one is there. */
const raise =
  "if tonumber(redis.call('get', KEYS[1])) < tonumber(ARGV[1]) then redis.call('set', KEYS[1], ARGV[1]) end return 1";

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
