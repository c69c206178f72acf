import { UsageError } from '../errors.js';
import type { Dialect, DriverConnection } from './dialect.js';
import type { KnexClient } from './knex-client.js';
import type { TransactionManager } from './transaction-manager.js';

const joined = new WeakSet<KnexClient>();

/**
 * Makes what runs through knex inside a transaction of ours part of it, by putting our own methods over three of the
 * client's. The returned function puts them back.
 */
export function joinKnex(client: KnexClient, transactions: TransactionManager, dialect: Dialect): () => void {
  if (joined.has(client)) {
    throw new UsageError(
      'This knex instance already belongs to an open connection; use that one, or make another knex instance.',
    );
  }
  const { acquireConnection, releaseConnection, transaction } = client;
  client.acquireConnection = async () => {
    const scope = transactions.current();
    if (scope) return scope.lend();
    const connection = await acquireConnection.call(client);
    dialect.lend(connection);
    return connection;
  };
  client.releaseConnection = async (connection: DriverConnection) => {
    const session = transactions.sessionOn(connection);
    if (session) {
      session.takeBack();
      return;
    }
    dialect.takeBack(connection);
    await releaseConnection.call(client, connection);
  };
  client.transaction = (...options) => {
    if (!transactions.current()) return transaction.apply(client, options);
    return Promise.reject(secondTransaction());
  };
  joined.add(client);
  return () => {
    Object.assign(client, { acquireConnection, releaseConnection, transaction });
    joined.delete(client);
  };
}

function secondTransaction(): UsageError {
  return new UsageError(
    'knex.transaction() inside transaction() would be a second transaction; nest transaction() instead, db.knex joins it by itself.',
  );
}
