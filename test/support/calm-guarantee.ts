import { Redis } from 'ioredis';
import pg from 'pg';
import { connect, type ConnectOptions, type Database, type GuaranteeLevel, type ModelClass } from '../../src/index.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { createCaptured } from './captured.js';
import { holdRelays, releaseAll } from './holds.js';
import { redisTrips, type RedisTrips } from './redis-trips.js';
import { until } from './until.js';

const pollMs = 5;
/** Which a busy machine does not miss. */
const windowMs = 3000;

/** What something cost: SQL statements, and the commands of each round trip to Redis. */
export interface GuaranteedCost {
  readonly sql: number;
  readonly redis: readonly string[];
}

/** A connection with a guarantee whose relay does nothing while something is counted. */
export interface CalmGuarantee {
  readonly db: Database;
  readonly prefix: string;
  readonly trips: RedisTrips;
  /** Beside the library. */
  readonly other: pg.Client;
  /** Resolves when the gate is open, the cache has heard of all changes, and the relay is held up. */
  calm(): Promise<void>;
  /** Takes the gate away while the relay is held up. */
  closeGate(): Promise<void>;
  /** What `task` costs after `calm`, with the storing that nobody waits for. */
  costOf(task: () => Promise<unknown>): Promise<GuaranteedCost>;
  close(): Promise<void>;
}

/** Opens one in a database of its own that has the tables of some models, and triggers on them. */
export async function calmGuarantee(
  level: GuaranteeLevel,
  models: readonly ModelClass[],
  options: Partial<ConnectOptions> = {},
): Promise<CalmGuarantee> {
  const [database, url, prefix] = [await freshDatabase('postgres'), await sharedRedisUrl(), freshPrefix()];
  await createCaptured(database, models);
  const [client, other] = [new Redis(url), new pg.Client(database)];
  await other.connect();
  const trips = redisTrips(client);
  const gate = `{${prefix}}gate`;
  const gated = { guarantee: { level, window: windowMs }, capture: { pollMs, checkMs: pollMs } };
  const db = await connect({ database, cache: client, prefix, ...(level === 'plain' ? {} : gated), ...options });
  const isCalm = async (): Promise<boolean> => {
    const { rows } = await other.query('SELECT FROM moneyclip_capture.outbox');
    return rows.length === 0 && (await client.pttl(gate)) > windowMs / 2;
  };
  const calm = async (): Promise<void> => {
    releaseAll();
    if (level === 'plain') return;
    await until(isCalm);
    await holdRelays().reached;
  };
  await calm();
  return {
    db,
    prefix,
    trips,
    other,
    calm,
    closeGate: async () => void (await client.del(gate)),
    costOf: async (task) => {
      await calm();
      await trips.reset();
      const { statements } = db.stats();
      await task();
      await trips.settled();
      return { sql: db.stats().statements - statements, redis: trips.trips };
    },
    close: async () => {
      releaseAll();
      await db.close();
      client.disconnect();
      await other.end();
    },
  };
}
