import { after, before, describe } from 'mocha';
import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { DirectRedis } from '../../src/store/direct-redis.js';
import type { RedisClient } from '../../src/store/redis-client.js';
import { RedisStore } from '../../src/store/redis-store.js';
import { ResilientStore } from '../../src/store/resilient-store.js';
import { describeCacheStore } from '../../src/testing/index.js';
import { startRedis, type TestServer } from '../setup/servers.js';

describe('a single Redis server', () => {
  let server: TestServer;
  const facts = { inProcess: false, exactTtl: false, lists: true };

  before(async () => {
    server = await startRedis();
  });
  after(() => server.kill());

  function describeClient(name: string, connect: () => RedisClient): void {
    let client: RedisClient;
    before(() => {
      client = connect();
    });
    after(() => client.disconnect());
    describeCacheStore({ name: `RedisStore with ${name}`, facts, open: () => new RedisStore(client) });
  }

  describe('ioredis 6', () => describeClient('ioredis 6', () => new Redis6(server.port)));
  describe('ioredis 5', () => describeClient('ioredis 5', () => new Redis5(server.port)));
  describe('RESP2', () => describeClient('ioredis 6 on RESP2', () => new Redis6({ port: server.port, protocol: 2 })));
  describe('the socket of ioredis 6', () => {
    describeClient('the socket of ioredis 6', () => new DirectRedis(new Redis6({ port: server.port, protocol: 2 })));
  });
  describe('the socket of ioredis 5', () => {
    describeClient('the socket of ioredis 5', () => new DirectRedis(new Redis5(server.port)));
  });
  describe('a client of its own', () => {
    describeCacheStore({
      name: 'RedisStore in a ResilientStore',
      facts,
      open: () =>
        new ResilientStore(new RedisStore(new Redis6(server.port), { ownsClient: true }), { deadlineMs: 5000 }),
    });
  });
});
