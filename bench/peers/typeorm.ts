import 'reflect-metadata';
import { DataSource, EntitySchema } from 'typeorm';
import type { DocumentLike, Session, World } from '../contender.js';
import { documentCount } from '../dataset.js';
import { inTurn } from './key-value-session.js';

interface Document extends DocumentLike {
  views: number;
}

const Documents = new EntitySchema<Document>({
  name: 'Document',
  tableName: 'documents',
  columns: {
    ...{
      id: { type: 'int', primary: true },
      title: { type: 'varchar' },
      slug: { type: 'varchar' },
      body: { type: 'text' },
    },
    ...{
      status: { type: 'varchar' },
      views: { type: 'int' },
      rating: { type: 'float8' },
      published: { type: 'boolean' },
    },
    ...{ size: { type: 'bigint' }, meta: { type: 'jsonb' }, authorId: { type: 'int', name: 'author_id' } },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    ...{ updatedAt: { type: 'timestamptz', name: 'updated_at' } },
  },
});

/** TypeORM with its query result cache in Redis, each row under an id of its own. */
export async function open(world: World): Promise<Session> {
  const { hostname, port, pathname } = new URL(world.redisUrl);
  let statements = 0;
  const count = (): void => void (statements += 1);
  const ignore = (): void => undefined;
  const source = new DataSource({
    type: 'postgres',
    url: world.postgresUrl,
    poolSize: 10,
    entities: [Documents],
    cache: { type: 'ioredis', options: { host: hostname, port: Number(port), db: Number(pathname.slice(1)) } },
    logging: ['query'],
    logger: {
      logQuery: count,
      ...{ logQueryError: ignore, logQuerySlow: ignore, logSchemaBuild: ignore, logMigration: ignore, log: ignore },
    },
  });
  await source.initialize();
  const documents = source.getRepository(Documents);
  const read = async (id: number): Promise<Document> =>
    (await documents.findOne({ where: { id }, cache: { id: `document:${id}`, milliseconds: 3_600_000 } }))!;
  return {
    warm: () => inTurn(documentCount, read),
    read,
    save: async (id, views) => {
      await documents.update({ id }, { views });
      await source.queryResultCache?.remove([`document:${id}`]);
    },
    forget: async () => {
      await source.queryResultCache?.clear();
    },
    statements: () => statements,
    close: () => source.destroy(),
  };
}
