import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import Driver from 'better-sqlite3';
import { expect } from 'chai';
import { StoreUnavailableError } from '../../src/errors.js';
import { ResilientStore } from '../../src/store/resilient-store.js';
import { FileStore, type SqliteCacheDriver } from '../../src/store/sql/file-store.js';
import { systemClock } from '../../src/support/clock.js';
import { temporaryFolder } from '../setup/temporary-folder.js';
import { ForeignWriter } from '../unit/database/foreign-writer.js';
import { attempt, Bench, deadlineMs, entry, failureOf, slackMs, untilAnswered } from './redis-bench.js';

describe('a store in a file', () => {
  const bench = new Bench();
  let file: string;

  beforeEach(() => {
    file = join(temporaryFolder('cache'), 'cache.db');
  });
  afterEach(() => bench.clear());

  function openWith(Connection: SqliteCacheDriver): ResilientStore {
    const store = new ResilientStore(new FileStore(Connection, file, systemClock));
    bench.afterwards(() => store.close().catch(() => undefined));
    return store;
  }

  describe('that another process keeps locked', () => {
    it('reads, waits for nothing longer than the deadline, blocks nothing, and delivers what was dropped', async () => {
      const store = await bench.open(`file:${file}`);
      await store.write([entry('a'), entry('b')]);
      const foreign = new ForeignWriter(file);
      bench.afterwards(() => foreign.close());
      await foreign.exec('BEGIN IMMEDIATE');
      expect(await store.read(['a'])).to.deep.equal(['of a']);
      let ticks = 0;
      const ticking = setInterval(() => (ticks += 1), 5);
      const { ms, error } = await attempt(() => store.drop(['a']));
      clearInterval(ticking);
      expect(error).to.be.instanceOf(StoreUnavailableError);
      expect(ms).to.be.within(deadlineMs - 5, deadlineMs + slackMs);
      expect(ticks, 'timers that ran meanwhile').to.be.above(10);
      expect(await failureOf(store.read(['a']))).to.match(/1 invalidations are waiting/);
      await foreign.exec('COMMIT');
      expect(await untilAnswered(store, 'a')).to.equal(undefined);
      expect(await store.read(['b'])).to.deep.equal(['of b']);
    });

    it('waits where it is not for long', async () => {
      const store = await bench.open(`file:${file}`);
      await store.write([entry('a')]);
      const foreign = new ForeignWriter(file);
      bench.afterwards(() => foreign.close());
      await foreign.exec('BEGIN IMMEDIATE');
      const dropped = store.drop(['a']);
      await foreign.exec('COMMIT');
      await dropped;
      expect(await store.read(['a'])).to.deep.equal([undefined]);
    });
  });

  describe('that has no room', () => {
    class Small extends Driver {
      constructor(...parameters: ConstructorParameters<SqliteCacheDriver>) {
        super(...parameters);
        this.pragma('max_page_count = 60');
      }
    }

    it('still reads and drops, and keeps what it was given out of the error', async () => {
      const store = openWith(Small);
      await store.write([entry('a'), entry('b')]);
      const large = entry('secret key', `secret ${'x'.repeat(300_000)}`);
      for (const put of [() => store.write([large]), () => store.acquire([large])]) {
        const error = await failureOf(put());
        expect(error).to.match(/could not (write|acquire): database or disk is full/);
        expect(inspect(error, { depth: 9 })).to.not.include('secret');
      }
      expect(await store.read(['a', 'b'])).to.deep.equal(['of a', 'of b']);
      await store.drop(['a']);
      expect(await store.read(['a', 'b'])).to.deep.equal([undefined, 'of b']);
      expect(store.state).to.deep.equal({ circuit: 'closed', pendingDrops: 0 });
    });
  });

  it('is not read while it refuses an invalidation', async () => {
    const opened: Driver.Database[] = [];
    class Noted extends Driver {
      constructor(...parameters: ConstructorParameters<SqliteCacheDriver>) {
        super(...parameters);
        opened.push(this);
      }
    }
    const store = openWith(Noted);
    await store.write([entry('a', 'outdated'), entry('b')]);
    opened[0]?.pragma('query_only = ON');
    expect(await failureOf(store.drop(['a']))).to.match(/could not drop: attempt to write a readonly database/);
    expect(await failureOf(store.read(['a']))).to.match(/1 invalidations are waiting/);
    opened[0]?.pragma('query_only = OFF');
    expect(await untilAnswered(store, 'a')).to.equal(undefined);
    expect(await store.read(['b'])).to.deep.equal(['of b']);
  });

  it('is used from when its folder is there', async () => {
    file = join(dirname(file), 'later', 'cache.db');
    const store = await bench.open(`file:${file}`);
    expect(await failureOf(store.read(['a']))).to.match(/could not read: Cannot open database because the directory/);
    mkdirSync(dirname(file));
    expect(await untilAnswered(store, 'a')).to.equal(undefined);
    await store.write([entry('a')]);
    expect(await store.read(['a'])).to.deep.equal(['of a']);
  });

  it('leaves a file alone that is something else', async () => {
    writeFileSync(file, 'my diary, '.repeat(1_000));
    const store = await bench.open(`file:${file}`);
    expect(await failureOf(store.write([entry('a')]))).to.match(/could not write: file is not a database/);
  });

  it('makes its table anew when somebody has deleted it', async () => {
    const store = await bench.open(`file:${file}`);
    await store.write([entry('a')]);
    const foreign = new ForeignWriter(file);
    bench.afterwards(() => foreign.close());
    await foreign.exec('DROP TABLE moneyclip_cache');
    expect(await store.read(['a'])).to.deep.equal([undefined]);
    expect(await store.acquire([entry('a', 'new')])).to.deep.equal(['new']);
  });

  it('has a drop on the disk before it says so, and leaves the rest to the operating system', async () => {
    const ran: string[] = [];
    class Verbose extends Driver {
      constructor(...[name, options]: ConstructorParameters<SqliteCacheDriver>) {
        super(name, { ...options, verbose: (sql) => void ran.push(String(sql)) });
      }
    }
    const store = openWith(Verbose);
    await store.write([entry('a')]);
    await store.drop(['a']);
    await store.write([entry('b')]);
    const steps = ran.flatMap((sql) => /^(INSERT|DELETE|PRAGMA synchronous = .*)/.exec(sql)?.[0] ?? []);
    const [normal, full] = ['PRAGMA synchronous = 1', 'PRAGMA synchronous = 2'];
    expect(steps).to.deep.equal(['PRAGMA synchronous = NORMAL', 'INSERT', full, 'DELETE', normal, 'INSERT']);
  });
});
