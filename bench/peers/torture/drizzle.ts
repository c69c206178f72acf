import { count, eq, getTableName, inArray, is, Table } from 'drizzle-orm';
import { Cache, type MutationOption } from 'drizzle-orm/cache/core';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { Redis } from 'ioredis';
import pg from 'pg';
import { redisOptions, type Peer, type PeerWorld } from './peer.js';

const cells = pgTable('cells', {
  id: integer('id').primaryKey(),
  wid: integer('wid').notNull(),
  v: integer('v').notNull(),
  bucket: integer('bucket').notNull(),
});

/** In one step, as Drizzle's own cache for a hosted Redis does it: no key is put aside between the look and the drop. */
const dropTable = `
for _, table in ipairs(KEYS) do
  for _, key in ipairs(redis.call('SMEMBERS', table)) do redis.call('UNLINK', key) end
  redis.call('UNLINK', table)
end`;

/** As https://orm.drizzle.team/docs/cache has it for a store of one's own: keys by table, dropped by each write to it. */
class RedisCache extends Cache {
  readonly #redis: Redis;
  readonly #queried: () => void;

  constructor(redis: Redis, queried: () => void) {
    super();
    this.#redis = redis;
    this.#queried = queried;
  }

  override strategy(): 'all' {
    return 'all';
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- the signature is Drizzle's
  override async get(key: string): Promise<any[] | undefined> {
    const found = await this.#redis.get(`drizzle:${key}`);
    if (found === null) this.#queried();
    return found === null ? undefined : (JSON.parse(found) as unknown[]);
  }

  override async put(key: string, response: unknown, tables: string[]): Promise<void> {
    const together = this.#redis.multi().set(`drizzle:${key}`, JSON.stringify(response), 'EX', 3600);
    for (const table of tables) together.sadd(`drizzle:table:${table}`, `drizzle:${key}`);
    await together.exec();
  }

  override async onMutate({ tables = [] }: MutationOption): Promise<void> {
    const names = [tables].flat().map((table) => (is(table, Table) ? getTableName(table) : String(table)));
    await this.#redis.eval(dropTable, names.length, ...names.map((name) => `drizzle:table:${name}`));
  }
}

/** Drizzle with its query cache, automatic invalidation by table, and once more after COMMIT. */
export async function open({ database, redis: url, queried }: PeerWorld): Promise<Peer> {
  const pool = new pg.Pool({ connectionString: database, max: 10 });
  pool.on('error', () => undefined);
  const redis = new Redis(url, redisOptions);
  redis.on('error', () => undefined);
  const cache = new RedisCache(redis, queried);
  const db = drizzle(pool, { cache });
  return {
    row: async (id) => (await db.select().from(cells).where(eq(cells.id, id)))[0],
    list: (bucket) => db.select().from(cells).where(eq(cells.bucket, bucket)).orderBy(cells.id),
    count: async (bucket) =>
      Number((await db.select({ rows: count() }).from(cells).where(eq(cells.bucket, bucket)))[0]?.rows),
    change: async (changes, beforeCommit) => {
      const ids = changes.map(({ id }) => id);
      await db.transaction(async (tx) => {
        await tx.select().from(cells).where(inArray(cells.id, ids)).orderBy(cells.id).for('update').$withCache(false);
        for (const { id, wid, bucket } of changes) {
          await tx.update(cells).set({ wid, bucket }).where(eq(cells.id, id));
        }
        beforeCommit();
      });
      await cache.onMutate({ tables: cells });
    },
    clear: () => redis.flushdb(),
    close: async () => {
      await pool.end();
      redis.disconnect();
    },
  };
}
