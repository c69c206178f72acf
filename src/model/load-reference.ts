import { RecordNotFoundError } from '../errors.js';
import { connectionNamed } from '../database/connections.js';
import { answeredRow, observed } from '../query/query-observer.js';
import { rowLoader } from '../query/row-loader.js';
import type { ReferenceLoader } from '../schema/declaration.js';
import { schemaOf } from '../schema/schema-of.js';
import { keyCellOf } from '../schema/values.js';

/** Reads the row that a foreign key points at from the database; all that are asked for in one tick in one SELECT. */
export const loadFromDatabase: ReferenceLoader = async (model, value) => {
  const target = schemaOf(model);
  const connection = connectionNamed(target.connection, target.label);
  const key = keyCellOf(target, value);
  const condition = { kind: 'comparison', column: target.primaryKey, lookup: 'exact', cells: [key] } as const;
  const row = await (answeredRow(connection, target, { key, operation: 'reference' }) ??
    observed(connection, { model: target, condition }, () => rowLoader(connection, target).load(key)));
  if (!row) {
    throw new RecordNotFoundError(target.label, `${target.label}: the row that a foreign key points at does not exist`);
  }
  return target.hydrate(row);
};
