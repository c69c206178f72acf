import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { Redis } from 'ioredis';
import createKnex from 'knex';
import { keys, keysOf, redisOptions, type Peer, type PeerRow, type PeerWorld } from './peer.js';

/**
 * BentoCache as https://bentocache.dev/docs/multi-tier has it, around knex: Redis alone, or the memory of each process
 * in front of it and a bus between them. Keys are deleted after COMMIT.
 */
export async function open({ database, redis: url, queried }: PeerWorld, variant: string): Promise<Peer> {
  const { hostname, port } = new URL(url);
  const connection = new Redis(url, redisOptions);
  connection.on('error', () => undefined);
  const redis = bentostore().useL2Layer(redisDriver({ connection: connection as never, prefix: 'bento' })); // ioredis 5
  const store =
    variant === 'redis'
      ? redis
      : redis
          .useL1Layer(memoryDriver({ maxItems: 1000 }))
          .useBus(redisBusDriver({ connection: { host: hostname, port: Number(port) } }));
  const cache = new BentoCache({ default: 'cells', ttl: '1h', stores: { cells: store } });
  const knex = createKnex({ client: 'pg', connection: database, pool: { min: 0, max: 10 } });
  const cached = <T>(key: string, load: () => PromiseLike<T>): Promise<T> =>
    cache.getOrSet<T>({
      key,
      factory: async () => {
        queried();
        return load();
      },
    });
  return {
    row: (id) => cached<PeerRow>(keys.row(id), () => knex('cells').where({ id }).first()),
    list: (bucket) => cached<PeerRow[]>(keys.list(bucket), () => knex('cells').where({ bucket }).orderBy('id')),
    count: (bucket) =>
      cached(keys.count(bucket), async () =>
        Number((await knex('cells').where({ bucket }).count({ rows: '*' }))[0]?.['rows']),
      ),
    change: async (changes, beforeCommit) => {
      const ids = changes.map(({ id }) => id);
      const before = await knex.transaction(async (trx) => {
        const rows: { bucket: number }[] = await trx('cells').whereIn('id', ids).orderBy('id').forUpdate();
        for (const { id, wid, bucket } of changes) await trx('cells').where({ id }).update({ wid, bucket });
        beforeCommit();
        return rows.map(({ bucket }) => bucket);
      });
      await cache.deleteMany({ keys: keysOf(ids, [...before, ...changes.map(({ bucket }) => bucket)]) });
    },
    clear: () => cache.clear(),
    close: async () => {
      await knex.destroy();
      await cache.disconnectAll();
    },
  };
}
