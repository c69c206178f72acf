import knex from 'knex';
import objection from 'objection';
import type { DocumentLike, Session, World } from '../contender.js';

class Document extends objection.Model {
  static override readonly tableName = 'documents';
  static override readonly columnNameMappers = objection.snakeCaseMappers();
}

/** Objection's models, which have no cache. */
export async function open(world: World): Promise<Session> {
  const db = knex({ client: 'pg', connection: world.postgresUrl, pool: { min: 1, max: 10 } });
  const documents = Document.bindKnex(db);
  return {
    warm: async () => undefined,
    read: async (id) => (await documents.query().findById(id)) as unknown as DocumentLike, // columns are not declared
    close: () => db.destroy(),
  };
}
