import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { connect, moneyclip, runWorker, transaction, type ConnectOptions, type Database } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';
import { root } from '../architecture/source-files.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { startRedis, type TestServer } from '../setup/servers.js';
import { temporaryFolder } from '../setup/temporary-folder.js';
import { later, local, open, slow, soft, swept, Task, triedAt, unsteady } from '../support/job-models.js';
import { warnings } from '../support/warnings.js';

describe('background jobs by BullMQ', function () {
  this.timeout(180_000); // each worker compiles the library for itself, on a machine that may be busy
  let redis: TestServer;
  let folder: string;
  let database: string;
  let prefix: string;
  let journal: string;
  let shared: { prefix: string; database: string; journal: string; worker: ChildProcess };
  const opened: Database[] = [];
  const children: ChildProcess[] = [];

  const connected = async (options: Partial<ConnectOptions> = {}): Promise<Database> => {
    const db = await connect({ database, cache: redis.url, prefix, jobs: 'bullmq', ...options });
    opened.push(db);
    return db;
  };
  const lines = (): string[] => (existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').slice(0, -1) : []);
  const noted = (what: string): number => lines().filter((line) => line.slice(line.indexOf(' ') + 1) === what).length;
  const start = async (environment: Record<string, string> = {}): Promise<ChildProcess> => {
    const known = noted('ready');
    const args = ['--import', 'tsx', join(root, 'test/failure/fixtures/worker.ts'), database, redis.url, prefix];
    const env = { ...process.env, JOURNAL: journal, ...environment };
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    children.push(child);
    await until(() => noted('ready') > known);
    return child;
  };

  const fresh = async (): Promise<void> => {
    prefix = freshPrefix();
    journal = join(folder, `${prefix.replace(/\W/g, '')}.txt`);
    database = await freshDatabase('postgres');
    const db = await connect({ database, enabled: false });
    await db.createTables([Task]);
    await db.close();
  };
  /** A worker that is there for several tests. */
  const useShared = (): number | undefined => {
    ({ prefix, database, journal } = shared);
    return shared.worker.pid;
  };

  before(async () => {
    redis = await startRedis();
    folder = temporaryFolder('jobs');
    await fresh();
    shared = { prefix, database, journal, worker: await start() };
    children.length = 0;
  });
  after(async () => {
    shared.worker.kill('SIGKILL');
    await redis.kill();
  });

  beforeEach(fresh);
  afterEach(async () => {
    for (const db of opened.splice(0)) await db.close();
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('are done by workers, for functions and methods, with arguments of any kind', async () => {
    useShared();
    await connected();
    const since = new Date(5);
    const tags = new Set(['a']);
    await open.refreshLater([3, { since, tags }]);
    await until(async () => (await open.peek(3, { since, tags })) === 0);
    expect(noted('open 3 5 a')).to.equal(1);
    const task = await Task.create({ name: 'a', list: 1 });
    await until(async () => (await moneyclip.of(Task, 'title').peek(task)) === 'task a');
    expect(noted(`title ${task.id}`), 'by the worker').to.equal(1);
    task.name = 'b';
    await transaction(async () => {
      await task.save();
    });
    await until(async () => (await moneyclip.of(Task, 'title').peek(task)) === 'task b');
    await until(async () => (await open.peek(1)) === 1);
  });

  it('refresh behind a reader, who gets the old value; one for many readers', async () => {
    const worker = useShared();
    await connected();
    await soft(1);
    await soft.set([1], -1);
    await until(async () => (await soft.entry(1))?.stale === true);
    const read = await Promise.all(Array.from({ length: 50 }, () => soft(1)));
    expect(new Set(read)).to.deep.equal(new Set([-1]));
    await until(async () => (await soft.peek(1)) === worker);
    expect(noted('soft 1')).to.equal(1);
  });

  it('are told once to any number of workers, and a value that is fresh again is left alone', async () => {
    await connected();
    for (let times = 0; times < 20; times += 1) {
      for (let id = 1; id <= 10; id += 1) await slow.refreshLater([id]);
    }
    expect(await slow(1)).to.equal(process.pid);
    await Promise.all([start(), start()]);
    for (let id = 2; id <= 10; id += 1) await until(() => noted(`end slow ${id}`) > 0);
    await slow.refreshLater([11]);
    await until(() => noted('end slow 11') > 0);
    expect(lines().filter((line) => line.includes('begin slow'))).to.have.length(10);
    expect(noted('begin slow 1')).to.equal(0);
    expect(await slow.peek(1)).to.equal(process.pid);
  });

  it('drop later, and compute later, what is to wait', async () => {
    useShared();
    await connected();
    await slow(1);
    await slow.invalidateLater([1], { after: 200 });
    expect(await slow.peek(1)).to.equal(process.pid);
    await until(async () => (await slow.peek(1)) === undefined);
    const asked = Date.now();
    await slow.refreshLater([2], { after: 300 });
    await until(() => noted('end slow 2') === 1);
    expect(Date.now() - asked).to.be.at.least(300);
  });

  it('are tried again after a failure, by another worker too', async () => {
    await connected();
    const first = await start();
    await unsteady.refreshLater([-1]);
    await until(() => noted('unsteady -1') === 1);
    first.kill('SIGTERM');
    await once(first, 'exit');
    const second = await start({ STEADY: 'yes' });
    await until(async () => (await unsteady.peek(-1)) === second.pid);
    expect(noted('unsteady -1')).to.equal(2);
  });

  it('compute what a write dropped after the time that repopulate says; nobody sees the old value meanwhile', async () => {
    const worker = useShared();
    await connected();
    expect(await later(7)).to.equal(0);
    for (const written of [1, 2]) {
      await Task.create({ name: 'a', list: 7 });
      const seen = await later.peek(7);
      expect([undefined, written], 'right after the commit').to.include(seen);
    }
    await until(async () => (await later.peek(7)) === 2);
    expect(noted('later 7'), 'by the worker').to.be.within(1, 2);
    expect(lines().some((line) => line === `${worker} later 7`)).to.equal(true);
    const [one] = await Task.objects.filter({ list: 7 }).all();
    const deleted = Date.now();
    await one?.delete();
    expect([undefined, 1]).to.include(await later.peek(7));
    await until(async () => (await later.peek(7)) === 1);
    expect(Date.now() - deleted).to.be.at.least(300);
  });

  it('are given up after the third failure, each after a longer wait than the one before, and it is said once', async () => {
    const said = warnings('queue.unsteady');
    const db = await connected();
    const worker = await runWorker(db);
    const client = new Redis(redis.url);
    await unsteady.refreshLater([-2]);
    await unsteady.refreshLater([-3]);
    await until(async () => (await client.zcard(`{${prefix}jobs}:moneyclip:failed`)) === 2);
    await client.quit();
    await worker.close();
    for (const id of [-2, -3]) {
      const [first = 0, second = 0, third = 0, ...more] = triedAt.get(id) ?? [];
      expect(second - first).to.be.at.least(1_000);
      expect(third - second).to.be.at.least(2_000);
      expect(more).to.deep.equal([]);
    }
    const text = 'queue.unsteady: a background job failed, so the next reader computes the value: not now';
    expect(said.end()).to.deep.equal([text]);
  });

  it('outlive a worker that is killed in the middle of one', async () => {
    await connected();
    const first = await start({ SLOW_MS: '600000' });
    await slow.refreshLater([1]);
    await until(() => noted('begin slow 1') === 1);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const second = await start();
    await until(async () => (await slow.peek(1)) === second.pid);
    expect([noted('begin slow 1'), noted('end slow 1')]).to.deep.equal([2, 1]);
  });

  it('are ended before a worker is closed', async () => {
    await connected();
    const worker = await start({ SLOW_MS: '500' });
    await slow.refreshLater([1]);
    await until(() => noted('begin slow 1') === 1);
    worker.kill('SIGTERM');
    await once(worker, 'exit');
    const told = lines().map((line) => line.slice(line.indexOf(' ') + 1));
    expect(told).to.deep.equal(['ready', 'begin slow 1', 'closing', 'end slow 1', 'closed']);
    expect(await slow.peek(1)).to.equal(worker.pid);
  });

  it('are done in the process itself where they cannot be told to another', async () => {
    await connected();
    const request = { path: '/a', answer: () => undefined };
    expect(await local(request)).to.equal(process.pid);
    await until(async () => (await local.entry(request))?.stale === true);
    const { createdAt } = (await local.entry(request)) ?? { createdAt: undefined };
    await local(request);
    await until(async () => Number((await local.entry(request))?.createdAt) > Number(createdAt));
  });

  it('are done in the process itself while Redis does not take them', async () => {
    const own = await startRedis();
    const db = await connected({ cache: own.url });
    await own.pause();
    const began = Date.now();
    await slow.refreshLater([1]);
    expect(Date.now() - began).to.be.lessThan(2_000);
    await own.resume();
    await until(async () => (await slow(1)) === process.pid && (await slow.peek(1)) === process.pid);
    await db.close();
    await own.kill();
  });

  const clients: Readonly<Record<string, () => Redis>> = {
    'ioredis 6': () => new Redis(redis.url, { keyPrefix: 'own:' }),
    'ioredis 5': () => new Redis5(redis.url, { keyPrefix: 'own:' }) as unknown as Redis, // what is used of it is the same
  };
  it('are asked for by the sweeps of a worker, where nobody reads what is past its soft life', async () => {
    const clock = new FakeClock(Date.now());
    const db = await connected({ clock });
    const worker = await runWorker(db);
    const madeAt = async (id: number): Promise<number> => (await swept.entry(id))?.createdAt.getTime() ?? 0;
    await swept(1);
    await until(async () => (await madeAt(1)) > 0);
    const first = await madeAt(1);
    clock.advance(10_000);
    await until(async () => (await madeAt(1)) > first);
    await worker.close();
  });

  for (const [name, makeClient] of Object.entries(clients)) {
    it(`use a client that was given, of ${name}, and a worker in the same process`, async () => {
      const client = makeClient();
      const db = await connected({ cache: client });
      const worker = await runWorker(db.name);
      await slow.refreshLater([1]);
      await until(async () => (await slow.peek(1)) === process.pid);
      await Promise.all([worker.close(), worker.close()]);
      await slow.refreshLater([2]);
      await db.close();
      expect(await client.ping(), 'it is its owner who closes it').to.equal('PONG');
      await client.quit();
    });
  }
});

/** Resolves when a condition holds. NOTE: with a rest, since other processes share the processor. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
