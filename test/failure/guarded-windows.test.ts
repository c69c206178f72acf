import { expect } from 'chai';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { ConnectOptions, Database } from '../../src/index.js';
import { startTcpProxy, type TcpProxy } from '../setup/tcp-proxy.js';
import { Book } from '../support/captured-models.js';
import { CapturedServers } from '../support/captured-servers.js';
import { firstBook } from '../support/first-book.js';
import { holdRelays, releaseAll } from '../support/holds.js';
import { until } from '../support/until.js';
import { warnings } from '../support/warnings.js';

const short = 500;
const long = 2000;

describe('processes under one prefix that were told different windows', function () {
  this.timeout(40_000);
  let proxy: TcpProxy;
  let admin: Redis;
  let heard: ReturnType<typeof warnings>;

  afterEach(() => {
    releaseAll(); // before what they hold up is closed
    proxy.resume();
  });

  const servers = new CapturedServers();
  const { opened } = servers;
  const { cached } = firstBook(opened);

  const open = async (windowMs: number, options: Partial<ConnectOptions> = {}): Promise<Database> => {
    const db = await servers.open({ guarantee: { level: 'guarded', window: windowMs }, ...options });
    opened.unshift(...opened.splice(-1)); // the latest is the one whose hits count
    return db;
  };
  const isOpen = async (client = admin): Promise<boolean> => (await client.exists(`{${servers.prefix}}gate`)) === 1;
  const windowNow = async (): Promise<number | undefined> => {
    const text = 'SELECT window_ms FROM moneyclip_capture.gate WHERE ns = $1 AND granted';
    const { rows } = await servers.other.query<{ window_ms: number }>(text, [servers.prefix]);
    return rows[0]?.window_ms;
  };

  beforeEach(async () => {
    heard = warnings('moneyclip, change capture');
    proxy = await startTcpProxy({ port: servers.redis.port });
    admin = new Redis(servers.redis.port);
  });

  afterEach(async () => {
    heard.end();
    admin.disconnect();
    await proxy.close();
  });

  it('acknowledge a write once the gates of the others have ended too', async () => {
    await open(long, { name: 'reader' });
    await until(() => isOpen());
    await open(short, { cache: `redis://127.0.0.1:${proxy.port}` });
    holdRelays();
    proxy.cut();
    const book = await Book.objects.noCache().get({ id: 1 });
    book.title = 'second';
    await book.save();
    expect(await isOpen(), 'others still read there').to.equal(false);
  });

  it('say which window holds', async () => {
    await open(long, { name: 'reader' });
    await until(() => isOpen());
    await open(short);
    await cached('first');
    await cached('first');
    expect(heard.end()).to.deep.equal([
      "moneyclip, change capture of connection 'default': guarantee.window is 500 ms here, but the gate of this prefix " +
        'was granted with 2000 ms, which holds for all; give all processes under one prefix the same window',
    ]);
  });

  it('keep a gate open whose window is shorter than theirs, and for no longer', async () => {
    await open(short, { name: 'reader' });
    await until(() => isOpen());
    const db = await open(long);
    await cached('first');
    const earlier = db.stats().guarantee?.lapses;
    const endAt = performance.now() + 3 * short;
    while (performance.now() < endAt) {
      await Book.cache.get(1);
      expect(await admin.pttl(`{${servers.prefix}}gate`)).to.be.at.most(short);
    }
    expect(db.stats().guarantee?.lapses).to.equal(earlier);
  });

  it('open no second gate elsewhere before those of the others have ended', async () => {
    const url = `${servers.redis.url}/1`;
    const second = new Redis(url);
    try {
      const old = await open(long);
      await until(() => isOpen());
      await old.close(); // which leaves the gate to end by itself
      opened.pop();
      await open(short, { cache: url });
      await until(async () => {
        const [there, here] = await Promise.all([isOpen(), isOpen(second)]);
        expect(there && here, 'both are open').to.equal(false);
        return here;
      });
      expect(await windowNow()).to.equal(short);
    } finally {
      second.disconnect();
    }
  });

  it('get their own once they lead', async () => {
    const old = await open(long);
    await cached('first');
    await old.close();
    opened.pop();
    expect(await windowNow()).to.equal(long);
    await open(short);
    await cached('first');
    expect(await windowNow()).to.equal(short);
    expect(heard.end()).to.deep.equal([]);
  });
});
