import { startPostgres, startRedis, type TestServer } from './servers.js';

let postgres: Promise<TestServer> | undefined;
let redis: Promise<TestServer> | undefined;

/** The PostgreSQL of the whole run: that of DATABASE_URL, else one that starts with the first call. */
export async function sharedPostgresUrl(): Promise<string> {
  const given = process.env['DATABASE_URL'];
  if (given) return given;
  postgres ??= startPostgres();
  return (await postgres).url;
}

/** The Redis of the whole run: that of REDIS_URL, else one that starts with the first call. */
export async function sharedRedisUrl(): Promise<string> {
  const given = process.env['REDIS_URL'];
  if (given) return given;
  redis ??= startRedis();
  return (await redis).url;
}

/** Ends what was started; the next call of the others starts anew. */
export async function stopSharedServers(): Promise<void> {
  const started = [postgres, redis];
  postgres = undefined;
  redis = undefined;
  await Promise.all(started.map(killIfStarted));
}

async function killIfStarted(starting: Promise<TestServer> | undefined): Promise<void> {
  const server = await starting?.catch(() => undefined); // whoever asked for it was told why it did not start
  await server?.kill();
}
