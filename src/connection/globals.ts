import { announce, postponeInvalidation, withoutInvalidation } from '../changes/change-log.js';
import { connectionNamed } from '../database/connections.js';
import type { TransactionOptions } from '../database/transaction.js';
import { Model } from '../model/model.js';
import { stateOf } from '../model/state-of.js';
import { UsageError } from '../errors.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { mostRowChanges } from '../query/row-changes.js';
import { schemaOf } from '../schema/schema-of.js';
import { describeValue } from '../schema/types/describe-value.js';
import { keyCellOf } from '../schema/values.js';

export { postponeInvalidation, withoutInvalidation };

/**
 * Runs `work` in a transaction of the default connection, or in a savepoint inside another. Everything in it joins by
 * async context, also `db.knex`. What it throws rolls back and is thrown on. Cached reads in it go to the database;
 * what it wrote is invalidated after the outermost commit, and not at all if it is rolled back.
 */
export async function transaction<T>(
  work: () => Promise<T>,
  options: TransactionOptions & { readonly connection?: string } = {},
): Promise<T> {
  const { connection = 'default', ...rest } = options;
  return connectionNamed(connection, 'transaction()').transaction(work, rest);
}

/** Makes everything invalid that depends on an instance's row, as its save would. */
export async function invalidate(instance: Model): Promise<void> {
  if (!(instance instanceof Model)) {
    throw new UsageError(`invalidate(instance): expected a model instance, got ${typeof instance}`);
  }
  const model = schemaOf(instance.constructor as ModelClassLike); // every model instance was made by its class
  const { row } = stateOf(instance);
  if (!row) throw new UsageError(`invalidate(instance): this ${model.label} was never stored`);
  await announce(connectionNamed(model.connection, model.label), [
    { kind: 'row', model, before: row, after: undefined },
  ]);
}

/** Makes everything invalid that was read from a model's table. */
export async function invalidateModel(model: ModelClassLike): Promise<void> {
  const schema = schemaOf(model);
  await announce(connectionNamed(schema.connection, schema.label), [{ kind: 'table', model: schema }]);
}

/**
 * Says that rows were inserted, updated or deleted by SQL that did not go through this library, such as `db.knex`, by
 * their keys or as instances: what was read of these rows becomes invalid, and of the table everything that was read by
 * other values than keys, since nobody knows which the rows had. Other rows stay cached. In a transaction, at its commit.
 */
export async function changed(model: ModelClassLike, keys: readonly unknown[]): Promise<void> {
  const schema = schemaOf(model);
  if (!Array.isArray(keys)) {
    throw new UsageError(`changed(${schema.label}, keys): expected a list of keys, got ${describeValue(keys)}`);
  }
  const cells = keys.map((key: unknown) => keyCellOf(schema, key));
  if (cells.length === 0) return;
  const many = cells.length > mostRowChanges;
  await announce(connectionNamed(schema.connection, schema.label), [
    many ? { kind: 'table', model: schema } : { kind: 'keys', model: schema, keys: cells },
  ]);
}

/**
 * Makes everything invalid that a connection has cached under its prefix, in constant time; in a transaction, at its
 * commit. Nothing else in the store is touched.
 */
export async function invalidateAll(connection = 'default'): Promise<void> {
  await announce(connectionNamed(connection, 'invalidateAll()'), [{ kind: 'everything' }]);
}
