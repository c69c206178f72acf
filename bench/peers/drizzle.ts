import { and, count, desc, eq, getTableName, gt, gte, inArray, is, Table } from 'drizzle-orm';
import { Cache, type MutationOption } from 'drizzle-orm/cache/core';
import { drizzle } from 'drizzle-orm/node-postgres';
import {
  bigint,
  boolean,
  doublePrecision,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  varchar,
} from 'drizzle-orm/pg-core';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Session, World } from '../contender.js';
import { documentCount, pageLength } from '../dataset.js';
import { inTurn } from './key-value-session.js';

const documents = pgTable('documents', {
  id: integer('id').primaryKey(),
  title: varchar('title', { length: 200 }).notNull(),
  slug: varchar('slug', { length: 100 }).notNull(),
  body: text('body').notNull(),
  status: varchar('status', { length: 20 }).notNull(),
  views: integer('views').notNull(),
  rating: doublePrecision('rating').notNull(),
  published: boolean('published').notNull(),
  size: bigint('size', { mode: 'bigint' }).notNull(),
  meta: jsonb('meta').notNull(),
  authorId: integer('author_id').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
  updatedAt: timestamp('updated_at', { withTimezone: true, precision: 3 }).notNull(),
});

const users = pgTable('users', {
  id: integer('id').primaryKey(),
  username: varchar('username', { length: 100 }).notNull(),
  email: varchar('email', { length: 200 }).notNull(),
  joinedAt: timestamp('joined_at', { withTimezone: true, precision: 3 }).notNull(),
});

/**
 * Drizzle's own cache comes for one hosted Redis only; this is the same idea over ioredis: a set of keys per table, all
 * of them dropped by each write to the table.
 */
class RedisCache extends Cache {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    super();
    this.#redis = redis;
  }

  override strategy(): 'all' {
    return 'all';
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- the signature is Drizzle's
  override async get(key: string): Promise<any[] | undefined> {
    const found = await this.#redis.get(`drizzle:${key}`);
    return found === null ? undefined : (JSON.parse(found) as unknown[]);
  }

  override async put(key: string, response: unknown, tables: string[]): Promise<void> {
    const pipeline = this.#redis.pipeline().set(`drizzle:${key}`, JSON.stringify(response), 'EX', 3600);
    for (const table of tables) pipeline.sadd(`drizzle:table:${table}`, key);
    await pipeline.exec();
  }

  override async onMutate({ tables = [] }: MutationOption): Promise<void> {
    const names = [tables].flat().map((table) => (is(table, Table) ? getTableName(table) : String(table)));
    for (const name of names) {
      const keys = await this.#redis.smembers(`drizzle:table:${name}`);
      await this.#redis.unlink(`drizzle:table:${name}`, ...keys.map((key) => `drizzle:${key}`));
    }
  }
}

/** Drizzle with its query cache, automatic invalidation by table. */
export async function open(world: World): Promise<Session> {
  const pool = new pg.Pool({ connectionString: world.postgresUrl, max: 10 });
  const redis = new Redis(world.redisUrl);
  let statements = 0;
  pool.on('acquire', () => (statements += 1)); // its logger also names what the cache answers
  const db = drizzle(pool, { cache: new RedisCache(redis) });
  const read = async (id: number): Promise<typeof documents.$inferSelect> => {
    const [row] = await db.select().from(documents).where(eq(documents.id, id));
    return row!;
  };
  const page = (after: number) =>
    db.select().from(documents).where(gt(documents.id, after)).orderBy(documents.id).limit(pageLength);
  return {
    warm: () => inTurn(documentCount, read),
    read,
    list: (after) => page(after),
    listAuthors: async (after) => {
      const rows = await db
        .select()
        .from(documents)
        .innerJoin(users, eq(users.id, documents.authorId))
        .where(gt(documents.id, after))
        .orderBy(documents.id)
        .limit(pageLength);
      return rows.map((row) => row.users.username);
    },
    count: async (authorId) => {
      const [row] = await db.select({ rows: count() }).from(documents).where(eq(documents.authorId, authorId));
      return row!.rows;
    },
    all: () => db.select().from(documents).orderBy(documents.id).$withCache(false),
    compile: ({ authorId, statuses, rating }) => {
      const { sql, params } = db
        .select()
        .from(documents)
        .where(
          and(
            eq(documents.authorId, authorId),
            inArray(documents.status, [...statuses]),
            gte(documents.rating, rating),
          ),
        )
        .orderBy(desc(documents.createdAt), documents.id)
        .limit(10)
        .toSQL();
      return { text: sql, parameters: params };
    },
    save: async (id, views) => {
      await db.update(documents).set({ views }).where(eq(documents.id, id));
    },
    forget: async () => {
      await redis.flushdb();
    },
    statements: () => statements,
    close: async () => {
      await pool.end();
      await redis.quit();
    },
  };
}
