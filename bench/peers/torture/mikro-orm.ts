import { EntitySchema, LockMode, MikroORM, type CacheAdapter } from '@mikro-orm/postgresql';
import { Redis } from 'ioredis';
import { keys, keysOf, redisOptions, ttlMs, type Peer, type PeerWorld } from './peer.js';

interface Cell {
  readonly id: number;
  readonly v: number;
  wid: number;
  bucket: number;
}

const Cells = new EntitySchema<Cell>({
  name: 'Cell',
  tableName: 'cells',
  properties: {
    id: { type: 'integer', primary: true },
    wid: { type: 'integer' },
    v: { type: 'integer' },
    bucket: { type: 'integer' },
  } as never, // the entity's own type has more to say
});

/** MikroORM ships no Redis adapter of its own any more; this is the least that its interface asks for. */
class RedisAdapter implements CacheAdapter {
  readonly #redis: Redis;

  constructor({ redis }: { redis: Redis }) {
    this.#redis = redis;
  }

  async get<T>(name: string): Promise<T | undefined> {
    const found = await this.#redis.get(name);
    return found === null ? undefined : (JSON.parse(found) as T); // what set() stored
  }

  async set(name: string, data: unknown, _origin: string, expiration = ttlMs): Promise<void> {
    await this.#redis.set(name, JSON.stringify(data), 'PX', expiration);
  }

  async remove(name: string): Promise<void> {
    await this.#redis.del(name);
  }

  async clear(): Promise<void> {
    await this.#redis.flushdb();
  }
}

/** MikroORM as https://mikro-orm.io/docs/caching has it: the result cache by keys, cleared after COMMIT. */
export async function open({ database, redis: url, queried }: PeerWorld): Promise<Peer> {
  const redis = new Redis(url, redisOptions);
  redis.on('error', () => undefined);
  const orm = await MikroORM.init({
    clientUrl: database,
    entities: [Cells],
    pool: { min: 1, max: 10 },
    debug: ['query'],
    logger: queried,
    resultCache: { adapter: RedisAdapter as never, options: { redis } }, // its type wants any options
  });
  const cached = (key: string): { cache: [string, number] } => ({ cache: [key, ttlMs] });
  return {
    row: async (id) => (await orm.em.fork().findOne(Cells, { id } as never, cached(keys.row(id)))) ?? undefined,
    list: (bucket) =>
      orm.em.fork().find(Cells, { bucket } as never, { orderBy: { id: 'asc' } as never, ...cached(keys.list(bucket)) }),
    count: (bucket) => orm.em.fork().count(Cells, { bucket } as never, cached(keys.count(bucket))),
    change: async (changes, beforeCommit) => {
      const ids = changes.map(({ id }) => id);
      const em = orm.em.fork();
      const before: number[] = [];
      await em.transactional(async (inside) => {
        const lockMode = LockMode.PESSIMISTIC_WRITE as const;
        const options = { orderBy: { id: 'asc' } as never, lockMode };
        const rows = await inside.find(Cells, { id: { $in: ids } } as never, options);
        for (const row of rows) {
          before.push(row.bucket);
          const change = changes.find(({ id }) => id === row.id);
          if (change) Object.assign(row, { wid: change.wid, bucket: change.bucket });
        }
        await inside.flush();
        beforeCommit();
      });
      for (const key of keysOf(ids, [...before, ...changes.map(({ bucket }) => bucket)])) await em.clearCache(key);
    },
    clear: () => redis.flushdb(),
    close: async () => {
      await orm.close();
      redis.disconnect();
    },
  };
}
