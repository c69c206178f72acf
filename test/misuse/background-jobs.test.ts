import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import {
  cached,
  connect,
  MemoryStore,
  runWorker,
  UsageError,
  type After,
  type ConnectOptions,
  type Database,
  type WorkerOptions,
} from '../../src/index.js';
import { performJob } from '../../src/compute/perform-job.js';
import { rejection } from '../support/rejection.js';

const database = 'sqlite::memory:';
const value = cached('misuse.later', async (id: number) => id);

describe('background jobs that are asked for wrongly', () => {
  let db: Database;
  before(async () => {
    db = await connect({ database });
  });
  after(async () => {
    value.undeclare();
    await db.close();
  });

  const settings: readonly (readonly [string, Partial<ConnectOptions>, string])[] = [
    ['an unknown queue', { jobs: 'redis' as 'bullmq' }, "jobs is 'redis'; use 'in process' or 'bullmq'"],
    [
      'a cache in memory',
      { jobs: 'bullmq' },
      "jobs: 'bullmq' needs a cache in Redis: give cache: 'redis://…' or an ioredis client, or leave out jobs",
    ],
    [
      'a store of its own',
      { jobs: 'bullmq', cache: new MemoryStore() },
      "jobs: 'bullmq' needs a cache in Redis: give cache: 'redis://…' or an ioredis client, or leave out jobs",
    ],
    [
      'a prefix for each tenant',
      { jobs: 'bullmq', prefix: () => 'a:' },
      "jobs: 'bullmq' needs one prefix for the whole connection, not a function",
    ],
  ];
  for (const [what, options, message] of settings) {
    it(`by a connection with ${what}`, async () => {
      await rejection(connect({ database, name: 'wrong', ...options }), UsageError, `connect: ${message}`);
    });
  }

  it('of a worker', async () => {
    const wrong: readonly (readonly [unknown, unknown, string])[] = [
      [
        'default',
        {},
        "the jobs of connection 'default' are done in the process that asks for them; connect({ jobs: 'bullmq' }) gives them to workers",
      ],
      [5, {}, 'expected an open database or the name of a connection'],
      ['default', { concurrency: 0 }, 'concurrency must be a whole number from 1, got 0'],
      ['default', { threads: 1 }, "unknown option 'threads'; use concurrency, stalledAfter"],
      [
        'default',
        { stalledAfter: 'soon' },
        "stalledAfter must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got 'soon'",
      ],
    ];
    for (const [connection, options, message] of wrong) {
      const running = runWorker(connection as string, options as WorkerOptions);
      await rejection(running, UsageError, `runWorker(): ${message}`);
    }
  });

  it('by hand', async () => {
    const where = (name: string): string => `misuse.later.${name}(arguments, { after })`;
    await rejection(
      value.invalidateLater([1], undefined as unknown as After),
      UsageError,
      `${where('invalidateLater')}: say after which time, such as { after: '5s' }`,
    );
    await rejection(
      value.refreshLater(1 as unknown as [number]),
      UsageError,
      `${where('refreshLater')}: the arguments must be a list, as for set(); got number`,
    );
    await rejection(
      value.refreshLater([1], { after: -1 }),
      UsageError,
      `${where('refreshLater')}: after must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got -1`,
    );
    const unwritable = value.invalidateLater([(() => 1) as unknown as number], { after: 1 });
    expect((await rejection(unwritable, UsageError)).message).to.match(
      /^cached\('misuse\.later'\): arguments must be /,
    );
  });

  it('of a process that does not know the label', async () => {
    await rejection(
      performJob({ kind: 'refresh', label: 'no.such', args: '["json",[]]' }),
      UsageError,
      "a worker got a job for 'no.such', under which nothing is declared in its process; import the module that declares it before runWorker(), or name it in connect({ workers: […] })",
    );
  });
});
