import createKnex, { type Knex } from 'knex';
import { UsageError } from '../errors.js';
import { DatabaseConnection } from './database-connection.js';
import { clientOf, isKnex, type KnexClient } from './knex-client.js';
import { databaseConfig, type DatabaseLimits } from './database-config.js';
import type { Dialect } from './dialect.js';
import { PostgresDialect, type PostgresDialectOptions } from './postgres/postgres-dialect.js';
import { convertPostgresError } from './postgres/postgres-errors.js';
import { startError } from './postgres/start-error.js';
import { openSqlite } from './sqlite/open-sqlite.js';
import { convertSqliteError } from './sqlite/sqlite-errors.js';

/** What `connect({ database })` takes: a URL, a knex config or a knex instance. */
export type DatabaseSetting = string | Knex.Config | Knex;

/** Limits of a DatabaseConnection. */
export interface DatabaseOptions {
  /** Its name in telemetry and messages; `default` unless given. */
  readonly name?: string | undefined;
  /** How long a statement may take before its connection is given up; 30 s unless given. PostgreSQL only. */
  readonly queryTimeoutMs?: number | undefined;
  /** How long to wait for a connection of the pool, or for a lock of SQLite; 5 s unless given. */
  readonly acquireTimeoutMs?: number | undefined;
  /** Whether statements are prepared by name on PostgreSQL; true unless given. */
  readonly preparedStatements?: boolean | undefined;
}

/**
 * Opens a database and makes sure that it answers. Throws UsageError for a setting it does not take or a driver that is
 * not installed, ConnectionError where the database cannot be reached.
 */
export async function openDatabase(
  setting: DatabaseSetting,
  options: DatabaseOptions = {},
): Promise<DatabaseConnection> {
  const limits = {
    queryTimeoutMs: options.queryTimeoutMs ?? 30_000,
    acquireTimeoutMs: options.acquireTimeoutMs ?? 5000,
    preparedStatements: options.preparedStatements ?? true,
  };
  const ownsKnex = !isKnex(setting);
  const knex = isKnex(setting) ? setting : makeKnex(databaseConfig(setting, limits));
  try {
    const dialect = await dialectFor(knex, limits, ownsKnex);
    return new DatabaseConnection({ name: options.name ?? 'default', knex, dialect, ownsKnex });
  } catch (error) {
    if (ownsKnex) await knex.destroy();
    throw error;
  }
}

type Limits = DatabaseLimits & PostgresDialectOptions;

function makeKnex(config: Knex.Config): Knex {
  try {
    return createKnex(config);
  } catch (error) {
    throw driverMissing(error) ?? error;
  }
}

async function dialectFor(knex: Knex, limits: Limits, ownsConnections: boolean): Promise<Dialect> {
  const client = clientOf(knex);
  switch (client.driverName) {
    case 'better-sqlite3':
      assertPool(client);
      return openSqlite(client, { busyTimeoutMs: limits.acquireTimeoutMs, ownsConnections }).catch(
        rethrow(convertSqliteError),
      );
    case 'pg':
      assertPool(client);
      await reach(client)
        .catch((error: unknown) => {
          throw startError(error, client.connectionSettings ?? {}) ?? error;
        })
        .catch(rethrow(convertPostgresError));
      return new PostgresDialect(limits);
    default:
      throw new UsageError(`A knex instance must use the client 'better-sqlite3' or 'pg'; got '${client.driverName}'.`);
  }
}

function assertPool(client: KnexClient): void {
  if (client.pool) return;
  throw new UsageError('This knex instance has no pool of connections; make it with knex({ client, connection }).');
}

/** Fails now where the server cannot be reached, not at the first query. */
async function reach(client: KnexClient): Promise<void> {
  await client.releaseConnection(await client.acquireConnection());
}

function rethrow(convert: typeof convertPostgresError): (error: unknown) => never {
  return (error) => {
    throw convert(error, { statement: undefined, mayHaveCommitted: false });
  };
}

function driverMissing(error: unknown): UsageError | undefined {
  const driver =
    error instanceof Error ? /Cannot find (?:module|package) '([\w@/-]+)'/.exec(error.message)?.[1] : undefined;
  if (driver === undefined) return undefined;
  return new UsageError(`The database driver '${driver}' is not installed; run: npm install ${driver}`, {
    cause: error,
  });
}
