import 'reflect-metadata';
import { DataSource, EntitySchema, In } from 'typeorm';
import { keys, keysOf, redisOptions, ttlMs, type Peer, type PeerRow, type PeerWorld } from './peer.js';

interface Cell extends PeerRow {
  readonly bucket: number;
}

const Cells = new EntitySchema<Cell>({
  name: 'Cell',
  tableName: 'cells',
  columns: {
    id: { type: 'int', primary: true },
    wid: { type: 'int' },
    v: { type: 'int' },
    bucket: { type: 'int' },
  },
});

/** TypeORM as https://typeorm.io/docs/query-builder/caching has it: each cached query under an id, removed after COMMIT. */
export async function open({ database, redis, queried }: PeerWorld): Promise<Peer> {
  const { hostname, port } = new URL(redis);
  const ignore = (): void => undefined;
  const source = new DataSource({
    type: 'postgres',
    url: database,
    poolSize: 10,
    entities: [Cells],
    cache: { type: 'ioredis', options: { host: hostname, port: Number(port), ...redisOptions } },
    poolErrorHandler: ignore,
    logging: ['query'],
    logger: {
      logQuery: queried,
      ...{ logQueryError: ignore, logQuerySlow: ignore, logSchemaBuild: ignore, logMigration: ignore, log: ignore },
    },
  });
  await source.initialize();
  const cells = source.getRepository(Cells);
  const cached = (id: string): { cache: { id: string; milliseconds: number } } => ({
    cache: { id, milliseconds: ttlMs },
  });
  return {
    row: async (id) => (await cells.findOne({ where: { id }, ...cached(keys.row(id)) })) ?? undefined,
    list: (bucket) => cells.find({ where: { bucket }, order: { id: 'ASC' }, ...cached(keys.list(bucket)) }),
    count: (bucket) => cells.count({ where: { bucket }, ...cached(keys.count(bucket)) }),
    change: async (changes, beforeCommit) => {
      const ids = changes.map(({ id }) => id);
      const before = await source.transaction(async (manager) => {
        const lock = { mode: 'pessimistic_write' } as const;
        const old = await manager.find(Cells, { where: { id: In(ids) }, order: { id: 'ASC' }, lock });
        for (const { id, wid, bucket } of changes) await manager.update(Cells, { id }, { wid, bucket });
        beforeCommit();
        return old.map(({ bucket }) => bucket);
      });
      await source.queryResultCache?.remove(keysOf(ids, [...before, ...changes.map(({ bucket }) => bucket)]));
    },
    clear: async () => source.queryResultCache?.clear(),
    close: () => source.destroy(),
  };
}
