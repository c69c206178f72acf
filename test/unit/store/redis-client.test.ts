import { describe, it } from 'mocha';
import type { Cluster, Redis } from 'ioredis';
import type { Cluster as Cluster5, Redis as Redis5 } from 'ioredis-5';
import { expectTypeOf } from 'expect-type';
import type { RedisClient } from '../../../src/store/redis-client.js';

describe('RedisClient', () => {
  it('is what the clients of ioredis 5 and 6 are, without a cast', () => {
    expectTypeOf<Redis>().toExtend<RedisClient>();
    expectTypeOf<Cluster>().toExtend<RedisClient>();
    expectTypeOf<Redis5>().toExtend<RedisClient>();
    expectTypeOf<Cluster5>().toExtend<RedisClient>();
  });
});
