import { EntitySchema, MikroORM, type CacheAdapter } from '@mikro-orm/postgresql';
import { Redis } from 'ioredis';
import type { DocumentLike, Session, World } from '../contender.js';
import { documentCount } from '../dataset.js';
import { inTurn } from './key-value-session.js';

interface Document extends DocumentLike {
  views: number;
}

const Documents = new EntitySchema<Document>({
  name: 'Document',
  tableName: 'documents',
  properties: {
    ...{ id: { type: 'integer', primary: true }, title: { type: 'string' }, slug: { type: 'string' } },
    ...{ body: { type: 'text' }, status: { type: 'string' }, views: { type: 'integer' }, rating: { type: 'double' } },
    ...{ published: { type: 'boolean' }, size: { type: 'bigint' }, meta: { type: 'json' } },
    authorId: { type: 'integer', fieldName: 'author_id' },
    createdAt: { type: 'datetime', fieldName: 'created_at' },
    ...{ updatedAt: { type: 'datetime', fieldName: 'updated_at' } },
  } as never, // the entity's own type names fewer columns
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

  async set(name: string, data: unknown, _origin: string, expiration = 3_600_000): Promise<void> {
    await this.#redis.set(name, JSON.stringify(data), 'PX', expiration);
  }

  async remove(name: string): Promise<void> {
    await this.#redis.del(name);
  }

  async clear(): Promise<void> {
    await this.#redis.flushdb();
  }
}

/** MikroORM with its result cache in Redis, a new identity map for each read as its manual asks. */
export async function open(world: World): Promise<Session> {
  const redis = new Redis(world.redisUrl);
  let statements = 0;
  const orm = await MikroORM.init({
    clientUrl: world.postgresUrl,
    entities: [Documents],
    pool: { min: 1, max: 10 },
    debug: ['query'],
    logger: () => void (statements += 1),
    resultCache: { adapter: RedisAdapter as never, options: { redis } }, // its type wants any options
  });
  const find = (id: number, em = orm.em.fork()): Promise<Document> =>
    em.findOneOrFail(Documents, { id } as never, { cache: [`document:${id}`, 3_600_000] });
  return {
    warm: () => inTurn(documentCount, (id) => find(id)),
    read: (id) => find(id),
    save: async (id, views) => {
      const em = orm.em.fork();
      const document = await find(id, em);
      document.views = views;
      await em.flush();
      await em.clearCache(`document:${id}`);
    },
    forget: () => new RedisAdapter({ redis }).clear(),
    statements: () => statements,
    close: async () => {
      await orm.close();
      await redis.quit();
    },
  };
}
