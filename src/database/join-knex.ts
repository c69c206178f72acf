import { UsageError } from '../errors.js';
import type { ConnectionPool } from './connection-pool.js';
import type { Dialect } from './dialect.js';
import type { KnexClient } from './knex-client.js';
import type { TransactionManager } from './transaction-manager.js';

type KnexMethods = Pick<KnexClient, 'acquireConnection' | 'releaseConnection' | 'transaction'>;

const joined = new WeakSet<KnexClient>();

/**
 * Makes what runs through knex inside a transaction of ours part of it, by putting our own methods over three of the
 * client's. The returned function puts them back.
 */
export function joinKnex(
  client: KnexClient,
  transactions: TransactionManager,
  { dialect, pool }: { readonly dialect: Dialect; readonly pool: ConnectionPool },
): () => void {
  if (joined.has(client)) {
    throw new UsageError(
      'This knex instance already belongs to an open connection; use that one, or make another knex instance.',
    );
  }
  const leave = override(client, overrides(client, transactions, { dialect, pool }));
  joined.add(client);
  return () => {
    leave();
    joined.delete(client);
  };
}

function overrides(
  client: KnexClient,
  transactions: TransactionManager,
  { dialect, pool }: { readonly dialect: Dialect; readonly pool: ConnectionPool },
): KnexMethods {
  const acquire = client.acquireConnection.bind(client);
  const release = client.releaseConnection.bind(client);
  const transaction = client.transaction.bind(client);
  return {
    acquireConnection: async () => {
      const scope = transactions.current();
      if (!scope) pool.makeRoom();
      const connection = await (scope ? scope.lend() : acquire());
      dialect.lend(connection);
      return connection;
    },
    releaseConnection: async (connection) => {
      await dialect.takeBack(connection);
      const session = transactions.sessionOn(connection);
      if (session) session.takeBack();
      else await release(connection);
    },
    transaction: (...options) =>
      transactions.current() ? Promise.reject(secondTransaction()) : transaction(...options),
  };
}

/** Puts methods over an object's own or inherited ones; the returned function undoes it. */
function override<T extends object>(target: T, methods: Partial<T>): () => void {
  const before = Object.keys(methods).map((name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const);
  Object.assign(target, methods);
  return () => {
    for (const [name, own] of before) {
      if (own) Object.defineProperty(target, name, own);
      else Reflect.deleteProperty(target, name);
    }
  };
}

function secondTransaction(): UsageError {
  return new UsageError(
    'knex.transaction() inside transaction() would be a second transaction; nest transaction() instead, db.knex joins it by itself.',
  );
}
