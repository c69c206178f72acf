import { RecordNotFoundError } from '../errors.js';
import { connectionNamed } from '../database/connections.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { answeredRow, observed } from '../query/query-observer.js';
import { rowQuery } from '../query/row-query.js';
import { rowLoader } from '../query/row-loader.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ReferenceLoader } from '../schema/declaration.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { schemaOf } from '../schema/schema-of.js';
import { keyCellOf } from '../schema/values.js';

/** Reads the row that a foreign key points at from the database; all that are asked for in one tick in one SELECT. */
export const loadFromDatabase: ReferenceLoader = async (model, value) => {
  const target = schemaOf(model);
  const connection = connectionNamed(target.connection, target.label);
  const key = keyCellOf(target, value);
  const answered = answeredRow(connection, target, { key, operation: 'reference' });
  const row = await (answered ?? loadRow(connection, target, key));
  if (!row) {
    throw new RecordNotFoundError(target.label, `${target.label}: the row that a foreign key points at does not exist`);
  }
  return target.hydrate(row);
};

async function loadRow(connection: DatabaseConnection, model: ModelSchema, key: Cell): Promise<Row | undefined> {
  const [row] = await observed(connection, rowQuery(model, key), async () => {
    const found = await rowLoader(connection, model).load(key);
    return found ? [found] : [];
  });
  return row;
}
