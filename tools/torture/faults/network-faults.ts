import { between, onePlace, type FaultKind } from './fault-kind.js';

export const networkFaults: readonly FaultKind[] = [
  {
    kind: 'redis-cut',
    means: 'one process has no connection to Redis, for 0.2 to 2 seconds',
    isHarmless: false,
    inject: async (scene) => {
      const { toRedis } = onePlace(scene);
      toRedis.cut();
      await between(scene.random, 200, 2000);
      toRedis.mend();
    },
  },
  {
    kind: 'redis-half-open',
    means: 'nothing passes between one process and Redis for 0.3 to 5 seconds, then all that was sent arrives',
    isHarmless: false,
    inject: async (scene) => {
      const { toRedis } = onePlace(scene);
      toRedis.stall();
      await between(scene.random, 300, 5000);
      toRedis.mend();
    },
  },
  {
    kind: 'redis-slow',
    means: 'Redis is 5 to 100 milliseconds away from one process',
    isHarmless: true,
    inject: async (scene) => {
      const { toRedis } = onePlace(scene);
      toRedis.delay(5 + scene.random.fraction() * 45);
      await between(scene.random, 500, 2000);
      toRedis.mend();
    },
  },
  {
    kind: 'postgres-slow',
    means: 'PostgreSQL is 10 to 400 milliseconds away from one process',
    isHarmless: true,
    inject: async (scene) => {
      const { toPostgres } = onePlace(scene);
      toPostgres.delay(5 + scene.random.fraction() * 195);
      await between(scene.random, 500, 2000);
      toPostgres.mend();
    },
  },
  {
    kind: 'postgres-cut',
    means: 'one process has no connection to PostgreSQL, for 0.2 to 1 seconds',
    isHarmless: true,
    inject: async (scene) => {
      const { toPostgres } = onePlace(scene);
      toPostgres.cut();
      await between(scene.random, 200, 1000);
      toPostgres.mend();
    },
  },
  {
    kind: 'postgres-half-open',
    means: 'nothing passes between one process and PostgreSQL, for 0.3 to 3 seconds',
    isHarmless: true,
    inject: async (scene) => {
      const { toPostgres } = onePlace(scene);
      toPostgres.stall();
      await between(scene.random, 300, 3000);
      toPostgres.mend();
    },
  },
  {
    kind: 'postgres-cut-in-commit',
    means: 'the connection to PostgreSQL is lost after COMMIT was sent',
    isHarmless: false,
    inject: async (scene) => {
      const { toPostgres } = onePlace(scene);
      let isDone = false;
      toPostgres.watch((text) => {
        if (isDone || !/\bcommit\b/i.test(text)) return undefined;
        isDone = true;
        setTimeout(() => toPostgres.disconnect(), scene.random.below(3));
        return undefined;
      });
      await between(scene.random, 500, 1500);
      toPostgres.mend();
    },
  },
];
