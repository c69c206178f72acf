import { expect } from 'chai';
import { Redis } from 'ioredis';
import { RedisStore } from '../../src/store/redis-store.js';
import { freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { until } from '../support/until.js';

describe('lists of entries in Redis', function () {
  this.timeout(30_000);
  let client: Redis;
  let list: string;

  before(async () => {
    client = new Redis(await sharedRedisUrl());
    list = `${freshPrefix()}list:many`;
  });

  after(() => client.disconnect());

  it('hold 10,000 at the most, those that end last', async () => {
    const store = new RedisStore(client);
    const write = (from: number, to: number): Promise<void> =>
      store.write(
        Array.from({ length: to - from }, (_, index) => {
          const number = from + index;
          const note = { list, text: `[${number}]` };
          return { key: `${list}:${number}`, value: 'x', ttlMs: 60_000 + number * 10, note };
        }),
      );
    for (let from = 0; from < 10_600; from += 100) await write(from, from + 100);
    await until(async () => (await client.zcard(list)) <= 10_000);
    const { items } = await store.list(list, { after: undefined, limit: 1 });
    expect(items.map(({ text }) => JSON.parse(text) as unknown)).to.deep.equal([[600]]);
  });
});
