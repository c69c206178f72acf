import { UsageError } from '../errors.js';
import { connectRedis, type RedisClient } from '../store/redis-client.js';
import type { StoreSetting } from '../store/open-store.js';
import type { Clock } from '../support/clock.js';
import { BullJobs, type Bull, type JobsClient, type JobsRedis } from './bull-jobs.js';
import { InProcessJobs } from './in-process-jobs.js';
import type { JobQueue } from './job.js';

/** Where background jobs are done: in the process that asks for them, or by workers that take them from BullMQ. */
export type JobsSetting = 'in process' | 'bullmq';

export interface OpenJobsOptions {
  readonly cache: StoreSetting | undefined;
  /** Undefined where it may be another one with each call. */
  readonly prefix: string | undefined;
  readonly clock: Clock;
}

/** What is used of a client of ioredis to make others like it. */
interface Duplicable extends RedisClient {
  duplicate(options: object): JobsClient;
}

interface DuplicableCluster extends RedisClient {
  duplicate(nodes: undefined, options: object): JobsClient;
}

/** Opens the queue. Throws UsageError where BullMQ is not installed, or the cache is not in Redis. */
export async function openJobs(setting: JobsSetting | undefined, options: OpenJobsOptions): Promise<JobQueue> {
  const { cache, prefix, clock } = options;
  if (setting !== 'bullmq') return new InProcessJobs(clock);
  if (prefix === undefined) {
    throw new UsageError("connect: jobs: 'bullmq' needs one prefix for the whole connection, not a function");
  }
  const { Queue, Worker } = (await import('bullmq').catch(notInstalled)) as unknown as Bull; // the part that is used
  const jobs = new BullJobs({ Queue, Worker }, await redisOf(cache), { prefix, clock });
  await jobs.opened();
  return jobs;
}

async function redisOf(cache: StoreSetting | undefined): Promise<JobsRedis> {
  const client = await clientOf(cache);
  return {
    forSending: () => duplicate(client, { enableOfflineQueue: false, maxRetriesPerRequest: 0 }),
    // NOTE: a worker waits for jobs in silence, which a socketTimeout would take for a dead connection
    forWorking: () => duplicate(client, { ...patient, socketTimeout: undefined }),
  };
}

const patient = { enableOfflineQueue: true, maxRetriesPerRequest: null, autoResendUnfulfilledCommands: true };

/** A client that is only there to be copied; one that is made here never connects. */
async function clientOf(cache: StoreSetting | undefined): Promise<RedisClient> {
  if (typeof cache === 'string' && /^rediss?:/i.test(cache)) return connectRedis(cache, { lazyConnect: true });
  if (typeof cache === 'object' && cache !== null && 'pipeline' in cache) return cache; // a client, as openStore sees it
  throw new UsageError(
    "connect: jobs: 'bullmq' needs a cache in Redis: give cache: 'redis://…' or an ioredis client, or leave out jobs",
  );
}

/** NOTE: BullMQ has a prefix of its own and refuses clients that have one. */
function duplicate(client: RedisClient, options: object): JobsClient {
  const own = { ...options, keyPrefix: '', lazyConnect: false };
  if (!client.isCluster) return (client as Duplicable).duplicate(own);
  const { keyPrefix, lazyConnect, ...redisOptions } = own;
  const cluster = { keyPrefix, lazyConnect, enableOfflineQueue: Reflect.get(options, 'enableOfflineQueue') as boolean };
  const before: unknown = Reflect.get(client.options, 'redisOptions');
  return (client as DuplicableCluster).duplicate(undefined, {
    ...cluster,
    redisOptions: { ...(before as object), ...redisOptions },
  });
}

function notInstalled(cause: unknown): never {
  throw new UsageError("connect: jobs: 'bullmq' needs the package 'bullmq': run npm install bullmq.", { cause });
}
