import { EntitySchema, MikroORM, type CacheAdapter } from '@mikro-orm/postgresql';
import { Redis } from 'ioredis';
import type { DocumentLike, Session, World } from '../contender.js';
import { documentCount, pageLength } from '../dataset.js';
import { inTurn } from './key-value-session.js';

interface User {
  id: number;
  username: string;
}

interface Document extends DocumentLike {
  views: number;
  author: User;
}

const Users = new EntitySchema<User>({
  name: 'User',
  tableName: 'users',
  properties: {
    ...{ id: { type: 'integer', primary: true }, username: { type: 'string' }, email: { type: 'string' } },
    joinedAt: { type: 'datetime', fieldName: 'joined_at' },
  } as never, // the entity's own type names fewer columns
});

const Documents = new EntitySchema<Document>({
  name: 'Document',
  tableName: 'documents',
  properties: {
    ...{ id: { type: 'integer', primary: true }, title: { type: 'string' }, slug: { type: 'string' } },
    ...{ body: { type: 'text' }, status: { type: 'string' }, views: { type: 'integer' }, rating: { type: 'double' } },
    ...{ published: { type: 'boolean' }, size: { type: 'bigint' }, meta: { type: 'json' } },
    authorId: { type: 'integer', fieldName: 'author_id', persist: false },
    author: { kind: 'm:1', entity: 'User', fieldName: 'author_id' },
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
    entities: [Documents, Users],
    pool: { min: 1, max: 10 },
    debug: ['query'],
    logger: () => void (statements += 1),
    resultCache: { adapter: RedisAdapter as never, options: { redis } }, // its type wants any options
  });
  const find = (id: number, em = orm.em.fork()): Promise<Document> =>
    em.findOneOrFail(Documents, { id } as never, { cache: [`document:${id}`, 3_600_000] });
  const page = (after: number, withAuthors = false): Promise<Document[]> =>
    orm.em.fork().find(Documents, { id: { $gt: after } } as never, {
      ...{ orderBy: { id: 'asc' } as never, limit: pageLength, populate: withAuthors ? (['author'] as never) : [] },
      cache: [`list:${after}:${withAuthors}`, 3_600_000],
    });
  return {
    warm: () => inTurn(documentCount, (id) => find(id)),
    read: (id) => find(id),
    list: (after) => page(after),
    listAuthors: async (after) => (await page(after, true)).map(({ author }) => author.username),
    count: (authorId) =>
      orm.em.fork().count(Documents, { author: authorId } as never, { cache: [`count:${authorId}`, 3_600_000] }),
    all: () => orm.em.fork().find(Documents, {}, { orderBy: { id: 'asc' } as never }),
    compile: ({ authorId, statuses, rating }) => {
      const query = orm.em
        .fork()
        .createQueryBuilder(Documents)
        .where({ author: authorId, status: { $in: statuses }, rating: { $gte: rating } } as never)
        .orderBy({ createdAt: 'desc', id: 'asc' } as never)
        .limit(10);
      return { text: query.getQuery(), parameters: query.getParams() };
    },
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
