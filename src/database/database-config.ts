import { Socket } from 'node:net';
import type { Knex } from 'knex';
import { UsageError } from '../errors.js';
import { bufferedSocket } from '../support/buffered-socket.js';
import { hookOf, withPragmas } from './sqlite/connection-hook.js';

/** The limits of a DatabaseConnection with their defaults filled in. */
export interface DatabaseLimits {
  readonly queryTimeoutMs: number;
  readonly acquireTimeoutMs: number;
}

const accepted =
  "database must be 'sqlite:<file>', 'sqlite::memory:', 'postgres://user@host:port/name', a knex config or a knex instance";

/** knex reports through typed errors here; its own console output would only repeat them. */
const silent = { warn() {}, error() {}, deprecate() {}, debug() {} };

/** The knex config for a setting that is not a knex instance. Throws UsageError for what is not accepted. */
export function databaseConfig(setting: unknown, limits: DatabaseLimits): Knex.Config {
  if (typeof setting === 'string') return configOfUrl(setting, limits);
  if (typeof setting !== 'object' || setting === null) throw new UsageError(`${accepted}; got ${typeof setting}.`);
  const config = setting as Knex.Config; // the client is checked below, the rest by knex
  if (isSqlite(config.client)) return sqliteConfig(config, limits);
  if (isPostgres(config.client)) return postgresConfig(config, limits);
  throw new UsageError(`A knex config must have the client 'better-sqlite3' or 'pg'; got ${describe(config.client)}.`);
}

function configOfUrl(url: string, limits: DatabaseLimits): Knex.Config {
  if (url.startsWith('sqlite:')) {
    return sqliteConfig({ client: 'better-sqlite3', connection: { filename: fileOf(url) } }, limits);
  }
  if (/^postgres(ql)?:\/\//.test(url)) return postgresConfig({ client: 'pg', connection: checkedUrl(url) }, limits);
  throw new UsageError(`${accepted}; got '${schemeOf(url)}'.`);
}

function fileOf(url: string): string {
  const path = url.slice('sqlite:'.length);
  const file = path.startsWith('///') ? path.slice(2) : path;
  if (file !== '' && !file.startsWith('//')) return file;
  throw new UsageError(
    `A SQLite URL is 'sqlite:<file>', 'sqlite:///<absolute path>' or 'sqlite::memory:'; got '${url}'.`,
  );
}

/** A host may be missing, for the default or where `?host=` tells the folder of a socket. */
function checkedUrl(url: string): string {
  if (URL.canParse(url.replace('@/', '@localhost/'))) return url;
  throw new UsageError(
    "A PostgreSQL URL is 'postgres://user:password@host:port/name', with @ : / ? # % in a password written as %40 %3A %2F %3F %23 %25; this is not one.",
  );
}

/** A URL without what may be a password. */
function schemeOf(url: string): string {
  return /^[a-z][\w+.-]*:/i.exec(url)?.[0] ?? url.slice(0, 20);
}

function sqliteConfig(config: Knex.Config, limits: DatabaseLimits): Knex.Config {
  const { max } = { max: 1, ...config.pool };
  if (max !== 1) {
    throw new UsageError(
      `SQLite needs a pool of one connection, since the driver is synchronous; leave out pool.max, which is ${max}.`,
    );
  }
  return {
    log: silent,
    useNullAsDefault: true,
    acquireConnectionTimeout: limits.acquireTimeoutMs,
    ...config,
    pool: { ...config.pool, min: 1, max: 1, afterCreate: withPragmas(hookOf(config.pool)) },
  };
}

function postgresConfig(config: Knex.Config, limits: DatabaseLimits): Knex.Config {
  return {
    log: silent,
    acquireConnectionTimeout: limits.acquireTimeoutMs,
    ...config,
    connection: postgresConnection(config.connection, limits),
    pool: { min: 0, max: 10, destroyTimeoutMillis: limits.acquireTimeoutMs, ...config.pool },
  };
}

function postgresConnection(
  connection: Knex.Config['connection'],
  limits: DatabaseLimits,
): NonNullable<Knex.Config['connection']> {
  if (typeof connection === 'function') return connection;
  const defaults = {
    keepAlive: true,
    connectionTimeoutMillis: limits.acquireTimeoutMs,
    query_timeout: limits.queryTimeoutMs,
    stream: openSocket,
  };
  if (typeof connection === 'string') return { ...defaults, connectionString: connection };
  return { ...defaults, ...connection };
}

/** What pg calls for each connection, before it connects; TLS goes over a socket of the usual kind. */
function openSocket(config?: { readonly ssl?: unknown }): Socket {
  return config?.ssl ? new Socket() : bufferedSocket();
}

function isSqlite(client: unknown): boolean {
  return client === 'better-sqlite3' || driverNameOf(client) === 'better-sqlite3';
}

function isPostgres(client: unknown): boolean {
  return client === 'pg' || client === 'postgres' || client === 'postgresql' || driverNameOf(client) === 'pg';
}

/** The driver of a client class. */
function driverNameOf(client: unknown): unknown {
  if (typeof client !== 'function') return undefined;
  const prototype: unknown = client.prototype;
  return typeof prototype === 'object' && prototype !== null && 'driverName' in prototype
    ? prototype.driverName
    : undefined;
}

function describe(client: unknown): string {
  return typeof client === 'string' ? `'${client}'` : typeof client;
}
