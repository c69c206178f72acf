import { UsageError } from '../errors.js';
import { performJob } from '../compute/perform-job.js';
import { rejectUnknownOptions } from '../compute/keeping.js';
import { Sweeper } from '../compute/sweeper.js';
import { BullJobs } from '../jobs/bull-jobs.js';
import { modelCacheNamed } from '../model-cache/model-cache.js';
import { durationMs, type Duration } from '../support/duration.js';
import { Database } from './database.js';

export interface WorkerOptions {
  /** How many jobs it does at the same time; default: 4. */
  readonly concurrency?: number;
  /** After so long without a sign of life a worker counts as dead, and another one begins its jobs anew; default: 30 seconds. */
  readonly stalledAfter?: Duration;
}

/** A worker of this process. */
export interface BackgroundWorker {
  /** Takes no more jobs and waits for those that are running. Idempotent; `db.close()` does it too. */
  close(): Promise<void>;
}

const where = 'runWorker()';

/**
 * Does the background jobs of a connection in this process, which may be one of many: refreshes behind readers and after
 * writes, and delayed invalidations. The process must have imported what declares the values. Resolves when the worker is
 * ready. Throws UsageError for a connection without `jobs: 'bullmq'`.
 */
export async function runWorker(
  connection: Database | string = 'default',
  options: WorkerOptions = {},
): Promise<BackgroundWorker> {
  const name = connection instanceof Database ? connection.name : connection;
  if (typeof name !== 'string') throw new UsageError(`${where}: expected an open database or the name of a connection`);
  rejectUnknownOptions(where, options, ['concurrency', 'stalledAfter']);
  const { concurrency = 4, stalledAfter = '30s' } = options;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw new UsageError(`${where}: concurrency must be a whole number from 1, got ${String(concurrency)}`);
  }
  const stalledMs = durationMs(stalledAfter, `${where}: stalledAfter`);
  const cache = modelCacheNamed(name, where);
  if (cache.jobs instanceof BullJobs) {
    const sweeper = new Sweeper(cache);
    return cache.jobs.work({ concurrency, stalledMs, perform: performJob, beside: sweeper });
  }
  throw new UsageError(
    `${where}: the jobs of connection '${name}' are done in the process that asks for them; connect({ jobs: 'bullmq' }) gives them to workers`,
  );
}
