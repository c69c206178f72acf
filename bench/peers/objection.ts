import knex from 'knex';
import objection from 'objection';
import type { DocumentLike, Session, World } from '../contender.js';
import { pageLength } from '../dataset.js';

class User extends objection.Model {
  static override readonly tableName = 'users';
}

class Document extends objection.Model {
  static override readonly tableName = 'documents';
  static override readonly relationMappings = {
    author: {
      relation: objection.Model.BelongsToOneRelation,
      modelClass: User,
      join: { from: 'documents.authorId', to: 'users.id' },
    },
  };
}

/** Objection's models, which have no cache. */
export async function open(world: World): Promise<Session> {
  const mappers = objection.knexSnakeCaseMappers(); // NOTE: a model's own mappers leave the names in conditions alone
  const db = knex({ client: 'pg', connection: world.postgresUrl, pool: { min: 1, max: 10 }, ...mappers });
  const documents = Document.bindKnex(db);
  const page = (after: number) =>
    documents.query().where('documents.id', '>', after).orderBy('documents.id').limit(pageLength);
  return {
    warm: async () => undefined,
    read: async (id) => (await documents.query().findById(id)) as unknown as DocumentLike, // columns are not declared
    list: async (after) => (await page(after)) as unknown as DocumentLike[],
    listAuthors: async (after) => {
      const found = await page(after).withGraphFetched('author');
      return (found as unknown as { readonly author: { readonly username: string } }[]).map(
        ({ author }) => author.username,
      );
    },
    count: (authorId) => documents.query().where({ authorId }).resultSize(),
    all: async () => (await documents.query().orderBy('id')) as unknown as DocumentLike[],
    compile: ({ authorId, statuses, rating }) => {
      const query = documents
        .query()
        .where({ authorId })
        .whereIn('status', [...statuses])
        .where('rating', '>=', rating);
      const { sql, bindings } = query
        .orderBy([{ column: 'createdAt', order: 'desc' }, 'id'])
        .limit(10)
        .toKnexQuery()
        .toSQL()
        .toNative();
      return { text: sql, parameters: bindings };
    },
    close: () => db.destroy(),
  };
}
