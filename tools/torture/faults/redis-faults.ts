import { setTimeout as wait } from 'node:timers/promises';
import type { RedisServer } from '../world/redis-server.js';
import { between, type FaultKind, type Scene } from './fault-kind.js';
import { writePlainSql } from './postgres-faults.js';

/** A background rewrite that a server works on; waits until it is done. */
async function untilLogIsWritten(redis: RedisServer): Promise<void> {
  for (;;) {
    const [info] = await redis.ask(['INFO', 'persistence']);
    const text = String(info);
    if (!/aof_rewrite_in_progress:1|aof_rewrite_scheduled:1/.test(text)) return;
    await wait(20);
  }
}

async function killAndStart(redis: RedisServer, persistence: 'nothing' | 'rdb' | 'aof', awayMs: number): Promise<void> {
  await redis.server.kill();
  await wait(awayMs);
  await redis.startAgain(persistence);
}

/** The spare becomes the master without what it had not been told, while some go on with the old one for a while. */
async function failOver({ world, random }: Scene, meanwhile: () => Promise<void>): Promise<void> {
  const { redis: old, spare } = world;
  await spare.ask(['REPLICAOF', '127.0.0.1', String(old.port)]);
  await untilInStep(spare);
  await old.ask(
    ['CONFIG', 'SET', 'client-output-buffer-limit', 'replica 0 0 0'],
    ['CLIENT', 'KILL', 'TYPE', 'replica'],
  );
  await spare.ask(['REPLICAOF', '127.0.0.1', '1']); // it hears nothing more, and does not forget what it has
  await wait(100 + random.fraction() * 600);
  await spare.ask(['REPLICAOF', 'NO', 'ONE']);
  world.redis = spare;
  world.spare = old;
  const moving = world.places.filter(({ number }) => number > 0 && (number === 1 || random.fraction() < 0.5));
  for (const { toRedis } of world.places) toRedis.lead(spare.port);
  for (const { toRedis } of moving) toRedis.disconnect();
  await meanwhile(); // the others still ask the old one
  for (const { toRedis } of world.places) toRedis.disconnect();
}

async function untilInStep(replica: RedisServer): Promise<void> {
  for (let attempt = 0; attempt < 250; attempt += 1) {
    const [info] = await replica.ask(['INFO', 'replication']);
    if (/master_link_status:up/.test(String(info))) return;
    await wait(20);
  }
  throw new Error('the replica did not get in step with its master');
}

export const redisFaults: readonly FaultKind[] = [
  {
    kind: 'redis-stop',
    means: 'SIGSTOP of Redis, for 0.3 to 2.2 seconds',
    isHarmless: false,
    inject: async ({ world, random }) => {
      await world.redis.server.pause();
      await between(random, 300, 2200);
      await world.redis.server.resume();
    },
  },
  {
    kind: 'redis-kill',
    means: 'kill -9 of Redis, which comes back empty',
    isHarmless: false,
    inject: ({ world, random }) => killAndStart(world.redis, 'nothing', random.fraction() * 300),
  },
  {
    kind: 'redis-rdb',
    means: 'kill -9 of Redis, which comes back with a snapshot from a while ago',
    isHarmless: false,
    inject: async ({ world, random }) => {
      await world.redis.ask(['SAVE']);
      await between(random, 200, 1500);
      await killAndStart(world.redis, 'rdb', random.fraction() * 50);
    },
  },
  {
    kind: 'redis-aof',
    means: 'kill -9 of Redis, which comes back with its log of commands but the end',
    isHarmless: false,
    inject: async ({ world, random }) => {
      await world.redis.ask(['CONFIG', 'SET', 'appendonly', 'yes']);
      await untilLogIsWritten(world.redis);
      await between(random, 200, 700);
      await world.redis.server.kill();
      world.redis.loseEndOfLog(random.below(4000));
      await world.redis.startAgain('aof');
      await world.redis.ask(['CONFIG', 'SET', 'appendonly', 'no']);
    },
  },
  {
    kind: 'redis-flush',
    means: 'FLUSHALL',
    isHarmless: true,
    inject: async ({ world }) => void (await world.redis.ask(['FLUSHALL'])),
  },
  {
    kind: 'redis-full',
    means: 'Redis is full and evicts nothing, for 0.3 to 1.5 seconds',
    isHarmless: true,
    inject: async ({ world, random }) => {
      await world.redis.ask(['CONFIG', 'SET', 'maxmemory', '1']);
      await between(random, 300, 1500);
      await world.redis.ask(['CONFIG', 'SET', 'maxmemory', '0']);
    },
  },
  {
    kind: 'redis-misconf',
    means: 'Redis takes no writes since it cannot write a snapshot (MISCONF)',
    isHarmless: false,
    inject: async ({ world: { redis }, random }) => {
      redis.spoilSnapshots();
      await redis.ask(['CONFIG', 'SET', 'save', '3600 1'], ['BGSAVE']);
      await between(random, 500, 1500);
      redis.mendSnapshots();
      await redis.ask(['CONFIG', 'SET', 'save', ''], ['BGSAVE']);
    },
  },
  {
    kind: 'redis-noreplicas',
    means: 'Redis takes no writes since it has too few replicas (NOREPLICAS)',
    isHarmless: false,
    inject: async ({ world: { redis }, random }) => {
      await redis.ask(['CONFIG', 'SET', 'min-replicas-to-write', '3']);
      await between(random, 300, 1500);
      await redis.ask(['CONFIG', 'SET', 'min-replicas-to-write', '0']);
    },
  },
  {
    kind: 'redis-readonly',
    means: 'Redis is made a replica, and keeps its connections',
    isHarmless: false,
    inject: async ({ world: { redis }, random }) => {
      await redis.ask(['REPLICAOF', '127.0.0.1', '1']);
      await between(random, 300, 1200);
      await redis.ask(['REPLICAOF', 'NO', 'ONE']);
    },
  },
  {
    kind: 'redis-client-kill',
    means: 'CLIENT KILL of every connection',
    isHarmless: false,
    inject: async ({ world }) => void (await world.redis.ask(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])),
  },
  {
    kind: 'redis-pause-writes',
    means: 'CLIENT PAUSE of writes, for 0.3 to 1.5 seconds',
    isHarmless: false,
    inject: async ({ world, random }) => {
      const ms = String(Math.round(300 + random.fraction() * 1200));
      await world.redis.ask(['CLIENT', 'PAUSE', ms, 'WRITE']);
      await wait(Number(ms));
    },
  },
  {
    kind: 'redis-failover',
    means: 'a replica that missed writes becomes the master, and some still use the old one',
    isHarmless: false,
    inject: (scene) => failOver(scene, () => between(scene.random, 300, 2800)),
  },
  {
    kind: 'redis-divided',
    means: 'the same, while there are statements that do not go through the library',
    isHarmless: false,
    writesPastLibrary: true,
    inject: (scene) =>
      failOver(scene, async () => {
        await between(scene.random, 0, 1500);
        await writePlainSql(scene);
      }),
  },
];
