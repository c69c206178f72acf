import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { CacheWrite } from '../../src/store/cache-store.js';
import { RedisStore } from '../../src/store/redis-store.js';
import { freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';

describe('lists of entries in Redis', function () {
  this.timeout(30_000);
  let client: Redis;
  let list: string;

  before(async () => {
    client = new Redis(await sharedRedisUrl());
    list = `${freshPrefix()}list:many`;
  });

  after(() => client.disconnect());

  const entries = (from: number, to: number): CacheWrite[] =>
    Array.from({ length: to - from }, (_, index) => {
      const number = from + index;
      const note = { list, text: `[${number}]` };
      return { key: `${list}:${number}`, value: 'x', ttlMs: 60_000 + number * 10, note };
    });

  it('hold 10,000 at the most, those that end last', async () => {
    const store = new RedisStore(client);
    for (let from = 0; from < 10_600; from += 100) await store.write(entries(from, from + 100));
    expect(await client.zcard(list), 'when that which was to be written is').to.be.at.most(10_000);
    const { items } = await store.list(list, { after: undefined, limit: 1 });
    expect(items.map(({ text }) => JSON.parse(text) as unknown)).to.deep.equal([[600]]);
  });

  it('are trimmed in the round trip of what is written, and by nothing after it', async () => {
    let commands = 0;
    class Counting extends Redis {
      override sendCommand(...args: Parameters<Redis['sendCommand']>): unknown {
        commands += 1;
        return super.sendCommand(...args);
      }
    }
    const counting = new Counting(await sharedRedisUrl());
    await counting.ping();
    const store = new RedisStore(counting);
    const before = commands;
    const writing = store.write(entries(0, 100)); // as many as pay for one trim
    const atOnce = commands - before;
    await writing;
    await counting.ping();
    counting.disconnect();
    expect([atOnce, commands - before]).to.deep.equal([202, 203]); // and the PING
  });
});
