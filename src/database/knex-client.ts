import type { Knex } from 'knex';
import { UsageError } from '../errors.js';
import type { DriverConnection } from './dialect.js';

/** What is used of a knex client. knex publishes no type for it. */
export interface KnexClient {
  /** The npm package of the driver. */
  readonly driverName: string;
  /** knex's name of the SQL dialect. */
  readonly dialect: string;
  /** What the driver's package exports. */
  readonly driver: unknown;
  readonly config: Knex.Config;
  readonly connectionSettings: Readonly<Record<string, unknown>>;
  /** Undefined without connection settings, and once the instance is destroyed. */
  readonly pool: { readonly max: number; numPendingAcquires?(): number } | undefined;
  acquireConnection(): Promise<DriverConnection>;
  releaseConnection(connection: DriverConnection): Promise<void>;
  /** Makes a connection that is not of the pool. */
  acquireRawConnection(): Promise<DriverConnection>;
  destroyRawConnection(connection: DriverConnection): Promise<void>;
  transaction(container: unknown, config?: unknown, outer?: unknown): unknown;
}

/** Tells a knex instance from a knex config. */
export function isKnex(value: unknown): value is Knex {
  return typeof value === 'function' && 'client' in value && isClient(value.client);
}

/** The client behind a knex instance. */
export function clientOf(knex: Knex): KnexClient {
  const client: unknown = knex.client;
  if (isClient(client)) return client;
  throw new UsageError('This knex instance has no client; make it with knex({ client, connection }).');
}

function isClient(value: unknown): value is KnexClient {
  return typeof value === 'object' && value !== null && 'acquireConnection' in value && 'releaseConnection' in value;
}
