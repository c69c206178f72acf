import { expect } from 'chai';
import { Cluster } from 'ioredis';
import { Cluster as Cluster5 } from 'ioredis-5';
import { after, before, describe, it } from 'mocha';
import type { RedisClient } from '../../src/store/redis-client.js';
import { RedisStore } from '../../src/store/redis-store.js';
import { describeCacheStore } from '../../src/testing/index.js';
import { startRedisCluster, type TestRedisCluster } from '../setup/redis-cluster.js';

describe('a Redis Cluster of three masters', () => {
  let cluster: TestRedisCluster;
  const facts = { inProcess: false, exactTtl: false, lists: true };

  before(async () => {
    cluster = await startRedisCluster();
  });
  after(() => cluster.stop());

  function describeClient(name: string, connect: () => RedisClient): void {
    let client: RedisClient;
    before(() => {
      client = connect();
    });
    after(() => client.disconnect());
    describeCacheStore({ name: `RedisStore on ${name}`, facts, open: () => new RedisStore(client) });
  }

  describe('ioredis 6', () => describeClient('a Cluster of ioredis 6', () => new Cluster([...cluster.urls])));
  describe('ioredis 5', () => describeClient('a Cluster of ioredis 5', () => new Cluster5([...cluster.urls])));

  describe('keys that share a hash tag', () => {
    let client: Cluster;
    let store: RedisStore;

    before(async () => {
      client = new Cluster([...cluster.urls]);
      store = new RedisStore(client);
      await client.ping(); // the connection to one node is there before commands are counted
    });
    after(() => client.disconnect());

    async function commands(): Promise<Record<string, number>> {
      const sums: Record<string, number> = {};
      for (const node of client.nodes('master')) {
        for (const [, command, calls] of (await node.info('commandstats')).matchAll(/cmdstat_(\w+):calls=(\d+)/g)) {
          sums[command!] = (sums[command!] ?? 0) + Number(calls);
        }
      }
      return sums;
    }

    async function countCommands(run: () => Promise<unknown>, ...names: string[]): Promise<number[]> {
      const earlier = await commands();
      await run();
      const later = await commands();
      return names.map((name) => (later[name] ?? 0) - (earlier[name] ?? 0));
    }

    it('are read by one MGET per tag, and others by one each', async () => {
      const keys = ['{app}a', '{app}b', 'x', '{other}a', '{app}c', 'y', '{other}b'];
      await store.write(keys.map((key) => ({ key, value: `of ${key}`, ttlMs: 60_000 })));
      const counts = await countCommands(async () => {
        expect(await store.read(keys)).to.deep.equal(keys.map((key) => `of ${key}`));
      }, 'mget');
      expect(counts).to.deep.equal([4]);
    });

    it('are acquired by one MGET per tag', async () => {
      const keys = Array.from({ length: 1_500 }, (_, index) => `{app}s${index}`);
      const requests = [...keys, '{other}s'].map((key) => ({ key, value: key, ttlMs: 60_000 }));
      const counts = await countCommands(
        async () => {
          expect(await store.acquire(requests)).to.deep.equal([...keys, '{other}s']);
        },
        'set',
        'mget',
      );
      expect(counts, '1,500 keys are two commands of at most 1,000').to.deep.equal([1_501, 3]);
    });

    it('are dropped', async () => {
      const keys = Array.from({ length: 1_200 }, (_, index) => `{app}d${index}`);
      await store.write([...keys, 'other'].map((key) => ({ key, value: key, ttlMs: 60_000 })));
      await store.drop([...keys.slice(1), 'other']);
      const left = await store.read([...keys, 'other']);
      expect(left[0]).to.equal('{app}d0');
      expect(left.slice(1).every((text) => text === undefined)).to.equal(true);
    });
  });
});
