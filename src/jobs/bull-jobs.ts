import { UsageError } from '../errors.js';
import { Deadline } from '../support/deadline.js';
import { systemClock, type Clock } from '../support/clock.js';
import { InProcessJobs } from './in-process-jobs.js';
import { attempts, type Job, type JobQueue, type Work } from './job.js';
import { reportFailure } from './report-failure.js';
import { RecentMap } from '../support/recent-map.js';

/** What is used of a client of ioredis. */
export interface JobsClient {
  on(event: 'error', listener: (error: Error) => void): unknown;
  disconnect(): void;
}

/** Makes clients of the Redis that the jobs lie in. */
export interface JobsRedis {
  /** One that fails at once where there is no connection: nobody waits for a job to be handed over. */
  forSending(): JobsClient;
  /** One that waits for the connection for as long as it takes. */
  forWorking(): JobsClient;
}

/** What is used of the package bullmq. */
export interface Bull {
  readonly Queue: new (name: string, options: object) => BullQueue;
  readonly Worker: new (name: string, run: (job: BullJob) => Promise<void>, options: object) => BullWorker;
}

interface BullQueue {
  add(name: string, data: Job, options: object): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

interface BullJob {
  readonly data: Job;
  readonly attemptsMade: number;
}

interface BullWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: BullJob | undefined, error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

export interface WorkingOptions {
  readonly concurrency: number;
  /** After so long without a sign of life a job's worker counts as dead, and another one begins the job anew. */
  readonly stalledMs: number;
  perform(job: Job): Promise<void>;
  /** What this process does as long as it works. */
  readonly beside: { start(): void; close(): Promise<void> };
}

/** A worker that takes jobs from the queue until it is closed. */
export interface Working {
  /** Waits for the jobs that are running; takes no more. */
  close(): Promise<void>;
}

interface Parts extends Pick<WorkingOptions, 'beside'> {
  readonly worker: BullWorker;
  readonly client: JobsClient;
}

const name = 'moneyclip';
const sendingMs = 250;
const closingMs = 2_000;
const openingMs = 1_000;
/** A reader that sees an old value asks again after this time at the earliest. */
const askedForMs = 10_000;
/** How often a job may be begun anew because its worker died. */
const mostDeaths = 5;
const kept = { removeOnComplete: true, removeOnFail: { count: 100, age: 86_400 } };

/**
 * Hands jobs over to a queue of BullMQ, from which workers take them. What cannot be told to another process, or handed
 * over because Redis does not answer, is done in this one.
 */
export class BullJobs implements JobQueue {
  readonly isShared = true;
  readonly #bull: Bull;
  readonly #redis: JobsRedis;
  readonly #prefix: string;
  readonly #client: JobsClient;
  readonly #queue: BullQueue;
  readonly #here: InProcessJobs;
  readonly #deadline: Deadline;
  readonly #clock: Clock;
  /** When this process last asked for what. */
  readonly #asked = new RecentMap<string, number>(1_000);
  readonly #working = new Set<Working>();
  #isClosed = false;

  constructor(bull: Bull, redis: JobsRedis, { prefix, clock }: { readonly prefix: string; readonly clock: Clock }) {
    this.#bull = bull;
    this.#redis = redis;
    this.#prefix = `{${prefix}jobs}`; // in a Redis Cluster all of it must lie in one slot
    this.#here = new InProcessJobs(clock);
    this.#deadline = new Deadline(systemClock, sendingMs);
    this.#clock = clock;
    this.#client = redis.forSending();
    this.#client.on('error', ignored);
    this.#queue = new bull.Queue(name, this.#connection(this.#client));
    this.#queue.on('error', ignored);
  }

  /** Resolves when the queue takes jobs, or does not soon. */
  opened(): Promise<void> {
    return inTime(openingMs, this.#queue.waitUntilReady());
  }

  async add(work: Work, delayMs = 0): Promise<void> {
    const job = this.#isClosed ? undefined : work.job();
    if (!job) return this.#here.add(work, delayMs);
    if (job.madeAt !== undefined && this.#wasAsked(`${work.sameAs} ${job.madeAt}`)) return undefined;
    try {
      await this.#deadline.race(this.#queue.add(job.kind, job, optionsOf(work, delayMs)));
      return undefined;
    } catch {
      return this.#here.add(work, delayMs); // NOTE: it may be in the queue all the same, and twice does no harm
    }
  }

  /** Takes jobs in this process, until the worker or the queue is closed. */
  async work({ concurrency, stalledMs, perform, beside }: WorkingOptions): Promise<Working> {
    if (this.#isClosed) throw new UsageError('runWorker(): the connection is closed');
    const client = this.#redis.forWorking();
    client.on('error', ignored);
    const worker = new this.#bull.Worker(name, ({ data }) => perform(data), {
      ...this.#connection(client),
      concurrency,
      lockDuration: stalledMs,
      stalledInterval: stalledMs,
      maxStalledCount: mostDeaths,
    });
    worker.on('error', ignored);
    worker.on('failed', (job, error) => {
      if (job && job.attemptsMade >= attempts.most) reportFailure(job.data.label, error);
    });
    let ending: Promise<void> | undefined;
    const working = { close: () => (ending ??= this.#endWork(working, { worker, client, beside })) };
    this.#working.add(working);
    await worker.waitUntilReady();
    beside.start();
    return working;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#working].map((working) => working.close()));
    await this.#here.close();
    await inTime(closingMs, this.#queue.close());
    this.#client.disconnect();
  }

  async #endWork(working: Working, { worker, client, beside }: Parts): Promise<void> {
    await beside.close();
    await worker.close();
    client.disconnect();
    this.#working.delete(working);
  }

  #connection(connection: JobsClient): object {
    return { connection, prefix: this.#prefix };
  }

  #wasAsked(id: string): boolean {
    const now = this.#clock.now();
    if (now - (this.#asked.get(id) ?? -Infinity) < askedForMs) return true;
    this.#asked.set(id, now);
    return false;
  }
}

function optionsOf({ sameAs }: Work, delayMs: number): object {
  return {
    ...kept,
    ...(delayMs > 0 && { delay: delayMs }),
    attempts: attempts.most,
    backoff: { type: 'exponential', delay: attempts.firstDelayMs },
    // NOTE: one that comes while the same is being done counts: what it is about may have been read already
    ...(sameAs !== undefined && { deduplication: { id: sameAs, keepLastIfActive: true } }),
  };
}

function ignored(): void {
  // the command that fails tells, and what fails is done in this process
}

/** NOTE: without a connection BullMQ waits for one, also before it closes. */
async function inTime(ms: number, promise: Promise<unknown>): Promise<void> {
  await new Deadline(systemClock, ms).race(promise).catch(ignored);
}
