import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Cluster, Redis } from 'ioredis';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { StoreUnavailableError } from '../../src/errors.js';
import { openStore } from '../../src/store/open-store.js';
import { RedisStore } from '../../src/store/redis-store.js';
import type { ResilientStore } from '../../src/store/resilient-store.js';
import { systemClock } from '../../src/support/clock.js';
import { startRedisCluster, type TestRedisCluster } from '../setup/redis-cluster.js';

const entry = (key: string, value = `of ${key}`) => ({ key, value, ttlMs: 60_000 });

describe('a store in a Redis Cluster', () => {
  let cluster: TestRedisCluster;
  let client: Cluster;

  before(async () => {
    cluster = await startRedisCluster();
  });
  after(() => cluster.stop());

  beforeEach(() => {
    client = new Cluster([...cluster.urls]);
    client.on('error', () => undefined);
  });
  afterEach(() => client.disconnect());

  describe('while a slot moves to another node', () => {
    const keys = ['{tag}a', '{tag}b', '{tag}none', '{tag}c'];
    let source: Redis;
    let target: Redis;

    beforeEach(async () => {
      await new RedisStore(client).write(keys.map((key) => entry(key)));
      await new RedisStore(client).drop(['{tag}none']);
      const slot = await client.cluster('KEYSLOT', '{tag}a');
      const owner = client.slots[slot]?.[0];
      const ports = cluster.nodes.map(({ port }) => port).sort((port) => (owner?.endsWith(`:${port}`) ? -1 : 1));
      source = new Redis(ports[0]!);
      target = new Redis(ports[1]!);
      await target.cluster('SETSLOT', slot, 'IMPORTING', (await source.call('CLUSTER', 'MYID')) as string); // an id is a text
      await source.cluster('SETSLOT', slot, 'MIGRATING', (await target.call('CLUSTER', 'MYID')) as string);
      await source.migrate('127.0.0.1', target.options.port!, '{tag}b', 0, 1000);
    });

    afterEach(async () => {
      const slot = await client.cluster('KEYSLOT', '{tag}a');
      await target.flushall();
      await source.cluster('SETSLOT', slot, 'STABLE');
      await target.cluster('SETSLOT', slot, 'STABLE');
      for (const node of [source, target]) node.disconnect();
    });

    it('drops keys wherever they are, and those that are nowhere, in a short time', async () => {
      const start = performance.now();
      await new RedisStore(client).drop(keys);
      expect(performance.now() - start).to.be.below(200);
      expect(await Promise.all(keys.map((key) => client.get(key)))).to.deep.equal([null, null, null, null]);
    });

    it('does not read what it cannot read', async () => {
      const store = await openStore(client, { clock: systemClock });
      const error = await Promise.resolve(store.read(keys)).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(StoreUnavailableError);
    });
  });

  describe('of which a node is killed', () => {
    it('costs a bounded time, and delivers the invalidations of that time before it reads again', async () => {
      const store = (await openStore(client, { clock: systemClock })) as ResilientStore; // no store in process
      const keys = Array.from({ length: 30 }, (_, index) => `key ${index}`);
      await store.write(keys.map((key) => entry(key)));
      const [node] = cluster.nodes;
      await node!.kill();
      const start = performance.now();
      const failure = await store.drop(keys).catch((reason: unknown) => reason);
      expect(failure).to.be.instanceOf(StoreUnavailableError);
      for (const key of keys) {
        expect(await store.read([key]).catch((reason: unknown) => reason)).to.be.instanceOf(StoreUnavailableError);
      }
      expect(performance.now() - start, 'a drop and 30 reads').to.be.below(500);
      await node!.process.start();
      const end = performance.now() + 10_000;
      while (store.state.pendingDrops > 0 && performance.now() < end) await wait(20);
      expect(await store.read(keys)).to.deep.equal(keys.map(() => undefined));
    });
  });
});
