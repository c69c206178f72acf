import { Redis } from 'ioredis';
import { createRequire } from 'node:module';
import { DataTypes, Sequelize, type Model } from 'sequelize';
import type { DocumentLike, Session, World } from '../contender.js';
import { documentCount, userCount } from '../dataset.js';
import { inTurn } from './key-value-session.js';

type Row = Model & Record<string, unknown> & { cache(): { update(values: object): Promise<unknown> } };

/** What `withCache` adds. */
interface Cached {
  cache(): { findByPk(id: number): Promise<Row> };
}

// The two packages have no types; these are as their manuals say.
const require = createRequire(import.meta.url);
const transparentCache = require('sequelize-transparent-cache') as (adaptor: object) => {
  withCache<M>(model: M): M & Cached;
};
const IoRedisAdaptor = require('sequelize-transparent-cache-ioredis') as new (options: object) => object;

/** Sequelize's models with sequelize-transparent-cache over Redis. */
export async function open(world: World): Promise<Session> {
  let statements = 0;
  const sequelize = new Sequelize(world.postgresUrl, { logging: () => (statements += 1), pool: { max: 10, min: 1 } });
  const redis = new Redis(world.redisUrl);
  const adaptor = new IoRedisAdaptor({ client: redis, namespace: 'sequelize', lifetime: 3600 });
  const { withCache } = transparentCache(adaptor);
  const settings = { underscored: true, timestamps: false };
  const documents = withCache(sequelize.define('document', documentColumns(), { ...settings, tableName: 'documents' }));
  const users = withCache(
    sequelize.define(
      'user',
      { username: DataTypes.STRING, email: DataTypes.STRING, joinedAt: DataTypes.DATE },
      { ...settings, tableName: 'users' },
    ),
  );
  const read = (id: number): Promise<Row> => documents.cache().findByPk(id);
  const username = async (id: number): Promise<string> => String((await users.cache().findByPk(id))['username']);
  return {
    warm: async () => {
      await inTurn(documentCount, read);
      await inTurn(userCount, username);
    },
    read: async (id) => (await read(id)) as unknown as DocumentLike, // the columns below
    authors: (ids) => Promise.all(ids.map(async (id) => username(Number((await read(id))['authorId'])))),
    save: async (id, views) => {
      const document = await read(id);
      await document.cache().update({ views });
    },
    forget: async () => {
      await redis.flushdb();
    },
    statements: () => statements,
    close: async () => {
      await sequelize.close();
      await redis.quit();
    },
  };
}

function documentColumns(): Parameters<Sequelize['define']>[1] {
  const { BIGINT, BOOLEAN, DATE, DOUBLE, INTEGER, JSONB, STRING, TEXT } = DataTypes;
  return {
    ...{ title: STRING, slug: STRING, body: TEXT, status: STRING, views: INTEGER, rating: DOUBLE, published: BOOLEAN },
    ...{ size: BIGINT, meta: JSONB, authorId: INTEGER, createdAt: DATE, updatedAt: DATE },
  };
}
