import 'reflect-metadata';
import { DataSource, EntitySchema, MoreThan } from 'typeorm';
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
  columns: {
    ...{ id: { type: 'int', primary: true }, username: { type: 'varchar' }, email: { type: 'varchar' } },
    joinedAt: { type: 'timestamptz', name: 'joined_at' },
  } as never, // the entity's own type names fewer columns
});

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
  relations: { author: { type: 'many-to-one', target: 'User', joinColumn: { name: 'author_id' } } },
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
    entities: [Documents, Users],
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
  const page = (after: number, relations: { author?: true } = {}): Promise<Document[]> =>
    documents.find({
      ...{ where: { id: MoreThan(after) }, order: { id: 'ASC' }, take: pageLength, relations },
      cache: { id: `list:${after}:${relations.author ?? false}`, milliseconds: 3_600_000 },
    });
  return {
    warm: () => inTurn(documentCount, read),
    read,
    list: (after) => page(after),
    listAuthors: async (after) => (await page(after, { author: true })).map(({ author }) => author.username),
    count: (authorId) =>
      documents.count({
        where: { authorId } as never, // as above
        cache: { id: `count:${authorId}`, milliseconds: 3_600_000 },
      }),
    all: () => documents.find({ order: { id: 'ASC' } }),
    compile: ({ authorId, statuses, rating }) => {
      const [text, parameters] = documents
        .createQueryBuilder('document')
        .where('document.authorId = :authorId', { authorId })
        .andWhere('document.status IN (:...statuses)', { statuses })
        .andWhere('document.rating >= :rating', { rating })
        .orderBy('document.createdAt', 'DESC')
        .addOrderBy('document.id')
        .limit(10)
        .getQueryAndParameters();
      return { text, parameters };
    },
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
