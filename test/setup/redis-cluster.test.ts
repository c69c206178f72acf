import { expect } from 'chai';
import { Cluster } from 'ioredis';
import { startRedisCluster, type TestRedisCluster } from './redis-cluster.js';

describe('a Redis Cluster for tests', () => {
  let servers: TestRedisCluster;
  before(async () => {
    servers = await startRedisCluster({ masters: 3 });
  });
  after(() => servers.stop());

  it('spreads keys over all its masters', async () => {
    const cluster = new Cluster(servers.nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
    const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`);
    await Promise.all(keys.map((key) => cluster.set(key, key)));
    expect(await Promise.all(keys.map((key) => cluster.get(key)))).to.deep.equal(keys);
    const sizes = await Promise.all(cluster.nodes('master').map((node) => node.dbsize()));
    expect(sizes).to.have.length(3);
    expect(sizes.every((size) => size > 0)).to.equal(true);
    expect(sizes.reduce((sum, size) => sum + size)).to.equal(30);
    cluster.disconnect();
  });
});
