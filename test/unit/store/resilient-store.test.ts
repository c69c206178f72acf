import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { StoreUnavailableError } from '../../../src/errors.js';
import type { CacheStore } from '../../../src/store/cache-store.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import { ResilientStore, type ResilientStoreOptions } from '../../../src/store/resilient-store.js';
import { FakeClock, FlakyStore } from '../../../src/testing/index.js';

const entry = (key: string, value = 'text') => ({ key, value, ttlMs: 0 });

describe('ResilientStore', () => {
  let clock: FakeClock;
  let memory: MemoryStore;
  let flaky: FlakyStore;
  let store: ResilientStore;

  function wrap(options: ResilientStoreOptions = {}): void {
    store = new ResilientStore(flaky, { clock, ...options });
  }

  beforeEach(() => {
    clock = new FakeClock();
    memory = new MemoryStore({ clock });
    flaky = new FlakyStore(memory, clock);
    wrap();
  });

  /** Lets `ms` pass while the operation is under way, and answers its error; undefined if it succeeded. */
  async function failureOf(operation: PromiseLike<unknown>, ms = 0): Promise<StoreUnavailableError | undefined> {
    const outcome = operation.then(
      () => undefined,
      (error: unknown) => error,
    );
    await clock.advanceAndSettle(ms);
    const error = await Promise.race([outcome, Promise.resolve('still waiting')]);
    expect(error).to.not.equal('still waiting');
    if (error !== undefined) expect(error).to.be.instanceOf(StoreUnavailableError);
    return error as StoreUnavailableError | undefined; // checked in the line before
  }

  async function openCircuit(): Promise<void> {
    flaky.fail();
    for (let count = 0; count < 5; count += 1) await failureOf(store.read(['a']));
    expect(store.state.circuit).to.equal('open');
  }

  describe('a store that works', () => {
    it('is asked once for each operation, and its answers come through', async () => {
      await store.write([entry('a', '1')]);
      expect(await store.read(['a', 'b'])).to.deep.equal(['1', undefined]);
      expect(await store.acquire([entry('a', '2')])).to.deep.equal(['1']);
      await store.drop(['a']);
      expect(await store.read(['a'])).to.deep.equal([undefined]);
      expect(flaky.calls).to.deep.equal({ read: 2, acquire: 1, write: 1, drop: 1 });
      expect(store.state).to.deep.equal({ circuit: 'closed', pendingDrops: 0 });
    });

    it('keeps its name', () => expect(store.name).to.equal('flaky memory'));

    it('is asked by callbacks where it takes them: at once, badly, by throwing, and too late', async () => {
      let answer: (texts: (string | undefined)[]) => void = () => undefined;
      const ways: Record<string, NonNullable<CacheStore['request']>> = {
        good: (keys, resolve) => resolve(keys.map((key) => `of ${key}`)),
        bad: (_keys, _resolve, reject) => reject(new Error('no')),
        throwing: () => {
          throw new Error('thrown');
        },
        late: (_keys, resolve) => (answer = resolve),
      };
      const request: NonNullable<CacheStore['request']> = (keys, resolve, reject) =>
        ways[keys[0] ?? '']?.(keys, resolve, reject);
      const asking: CacheStore = Object.assign(new FlakyStore(memory, clock), { request });
      store = new ResilientStore(asking, { clock });
      expect(await store.read(['good', 'b'])).to.deep.equal(['of good', 'of b']);
      expect((await failureOf(store.read(['bad'])))?.cause).to.have.property('message', 'no');
      expect((await failureOf(store.read(['throwing'])))?.cause).to.have.property('message', 'thrown');
      const late = failureOf(store.read(['late']), 250);
      expect((await late)?.message).to.contain('no answer within 250 ms');
      answer(['too late']);
      expect(await store.read(['good'])).to.deep.equal(['of good']);
    });

    it('may answer at once or throw at once', async () => {
      const failing: CacheStore = {
        name: 'odd',
        acquire: () => [],
        write: () => undefined,
        drop: () => undefined,
        close: async () => undefined,
        read: () => {
          throw new Error('at once');
        },
      };
      const odd = new ResilientStore(failing, { clock });
      expect(await odd.acquire([])).to.deep.equal([]);
      expect(await failureOf(odd.read(['a']))).to.have.property(
        'message',
        "The cache store 'odd' could not read: at once",
      );
    });
  });

  describe('a store that fails or hangs', () => {
    it('makes the operation reject with the reason as cause', async () => {
      flaky.fail();
      const error = await failureOf(store.read(['a']));
      expect(error?.message).to.equal(
        "The cache store 'flaky memory' could not read: the store fails, as the test wants",
      );
      expect(error?.cause).to.have.property('message', 'the store fails, as the test wants');
      expect(error?.code).to.equal('STORE_UNAVAILABLE');
    });

    it('costs every operation one deadline at most', async () => {
      wrap({ failures: 100, deadlineMs: 30 });
      flaky.hang();
      for (const run of [() => store.read(['a']), () => store.acquire([entry('a')]), () => store.write([entry('a')])]) {
        expect(await failureOf(run(), 30)).to.match(/: no answer within 30 ms$/);
      }
      expect(await failureOf(store.drop(['a']), 30)).to.match(/could not drop: no answer within 30 ms$/);
    });

    it('is not asked any more after five failures in a row: callers are answered at once', async () => {
      await openCircuit();
      const calls = flaky.calls.read;
      expect(await failureOf(store.read(['a']))).to.have.property(
        'message',
        "The cache store 'flaky memory' is not asked to read now, since it failed: the store fails, as the test wants",
      );
      expect(flaky.calls.read).to.equal(calls);
    });

    it('is tried again after a wait, by one operation, and used again when that succeeds', async () => {
      await openCircuit();
      flaky.heal();
      await clock.advanceAndSettle(100);
      expect(store.state.circuit).to.equal('half-open');
      const calls = flaky.calls.read;
      const [probe, other] = [store.read(['a']), failureOf(store.read(['b']))];
      expect(await probe).to.deep.equal([undefined]);
      expect(await other).to.match(/is not asked/);
      expect(flaky.calls.read).to.equal(calls + 1);
      expect(store.state.circuit).to.equal('closed');
    });

    it('is left alone again when the operation that tries it fails, a write too', async () => {
      await openCircuit();
      await clock.advanceAndSettle(100);
      expect(await failureOf(store.write([entry('a')]))).to.match(/could not write/);
      expect(store.state.circuit).to.equal('open');
      await clock.advanceAndSettle(200);
      expect(store.state.circuit).to.equal('half-open');
    });

    it('stays in use for reads while it refuses writes', async () => {
      await store.write([entry('a', '1')]);
      flaky.fail('write', 'acquire');
      for (let count = 0; count < 20; count += 1) {
        expect(await failureOf(store.write([entry('b')]))).to.match(/could not write/);
        expect(await failureOf(store.acquire([entry('b')]))).to.match(/could not acquire/);
      }
      expect(await store.read(['a'])).to.deep.equal(['1']);
    });

    it('is not used while its writes hang', async () => {
      flaky.hang('write');
      for (let count = 0; count < 5; count += 1) await failureOf(store.write([entry('a')]), 250);
      expect(store.state.circuit).to.equal('open');
    });

    it('does what it was asked late: the answer is ignored', async () => {
      flaky.hang('acquire');
      expect(await failureOf(store.acquire([entry('a', 'late')]), 250)).to.match(/no answer/);
      flaky.heal();
      await clock.advanceAndSettle(0);
      expect(await store.read(['a'])).to.deep.equal(['late']);
      expect(store.state.circuit).to.equal('closed');
    });
  });

  describe('a drop that fails', () => {
    it('rejects, and is tried again until it succeeds', async () => {
      memory.write([entry('a')]);
      flaky.fail('drop');
      expect(await failureOf(store.drop(['a']))).to.match(/could not drop/);
      expect(store.state.pendingDrops).to.equal(1);
      await clock.advanceAndSettle(100 + 200 + 400);
      expect(flaky.calls.drop).to.equal(4);
      expect(memory.peek('a')).to.equal('text');
      flaky.heal();
      await clock.advanceAndSettle(800);
      expect(memory.peek('a')).to.equal(undefined);
      expect(store.state).to.deep.equal({ circuit: 'closed', pendingDrops: 0 });
    });

    it('is one also by callbacks: badly, by throwing, and too late', async () => {
      let answer: () => void = () => undefined;
      const ways: Record<string, NonNullable<CacheStore['requestDrop']>> = {
        good: (_keys, resolve) => resolve(),
        bad: (_keys, _resolve, reject) => reject(new Error('no')),
        throwing: () => {
          throw new Error('thrown');
        },
        late: (_keys, resolve) => (answer = resolve),
      };
      const requestDrop: NonNullable<CacheStore['requestDrop']> = (keys, resolve, reject) =>
        ways[keys[0] ?? '']?.(keys, resolve, reject);
      const dropping = (): ResilientStore =>
        new ResilientStore(Object.assign(new FlakyStore(memory, clock), { requestDrop }), { clock });
      store = dropping();
      await store.drop(['good']);
      expect(store.state.pendingDrops).to.equal(0);
      expect((await failureOf(store.drop(['bad'])))?.cause).to.have.property('message', 'no');
      expect(store.state.pendingDrops).to.equal(1);
      store = dropping();
      expect((await failureOf(store.drop(['throwing'])))?.cause).to.have.property('message', 'thrown');
      expect(store.state.pendingDrops).to.equal(1);
      store = dropping();
      const late = failureOf(store.drop(['late']), 250);
      expect((await late)?.message).to.contain('no answer within 250 ms');
      answer();
      expect(store.state.pendingDrops).to.equal(1);
    });

    it('keeps this process from reading and acquiring until it has succeeded, but not from writing', async () => {
      memory.write([entry('a', 'outdated')]);
      flaky.fail('drop');
      await failureOf(store.drop(['a', 'b']));
      const message = "The cache store 'flaky memory' does not read now: 2 invalidations are waiting to reach it";
      expect(await failureOf(store.read(['a']))).to.have.property('message', message);
      expect(await failureOf(store.acquire([entry('a')]))).to.match(/does not acquire now: 2 invalidations/);
      expect(await failureOf(store.write([entry('c')]))).to.equal(undefined);
      expect(flaky.calls).to.include({ read: 0, acquire: 0 });
      flaky.heal();
      await clock.advanceAndSettle(100);
      expect(await store.read(['a'])).to.deep.equal([undefined]);
    });

    it('keeps reads away also while the store is tried again and hangs', async () => {
      flaky.fail('drop');
      await failureOf(store.drop(['a']));
      flaky.hang('drop');
      await clock.advanceAndSettle(100);
      expect(flaky.calls.drop).to.equal(2);
      expect(store.state.pendingDrops).to.equal(1);
      expect(await failureOf(store.read(['a']))).to.match(/1 invalidations are waiting/);
    });

    it('keeps reads away when it may have been done: its answer was lost', async () => {
      flaky.loseAnswers('drop');
      await failureOf(store.drop(['a']));
      expect(await failureOf(store.read(['a']))).to.match(/are waiting/);
    });

    it('does not count as done by an answer that comes after the deadline', async () => {
      flaky.hang('drop');
      await failureOf(store.drop(['a']), 250);
      flaky.heal();
      await clock.advanceAndSettle(0);
      expect(store.state.pendingDrops).to.equal(1);
      await clock.advanceAndSettle(100);
      expect(store.state.pendingDrops).to.equal(0);
    });

    it('makes later drops wait with it, without a wait of their own', async () => {
      flaky.fail('drop');
      await failureOf(store.drop(['a']));
      expect(await failureOf(store.drop(['b']))).to.match(/does not drop now: 1 invalidations are waiting/);
      expect(store.state.pendingDrops).to.equal(2);
      expect(flaky.calls.drop).to.equal(1);
    });

    it('is remembered while the circuit is open, and closes the circuit when it succeeds', async () => {
      memory.write([entry('a')]);
      await openCircuit();
      expect(await failureOf(store.drop(['a']))).to.match(/is not asked to drop now/);
      flaky.heal();
      await clock.advanceAndSettle(100);
      expect(memory.peek('a')).to.equal(undefined);
      expect(store.state).to.deep.equal({ circuit: 'closed', pendingDrops: 0 });
      expect(await store.read(['a'])).to.deep.equal([undefined]);
    });

    it('is tried again soon, also after an earlier one took long', async () => {
      flaky.fail('drop');
      await failureOf(store.drop(['a']));
      await clock.advanceAndSettle(10_000);
      flaky.heal();
      await clock.advanceAndSettle(2_000);
      expect(store.state.pendingDrops).to.equal(0);
      flaky.fail('drop');
      await failureOf(store.drop(['a']));
      flaky.heal();
      await clock.advanceAndSettle(100);
      expect(store.state.pendingDrops).to.equal(0);
    });

    it('is done again for a key that is dropped once more while it is under way', async () => {
      memory.write([entry('a', 'first')]);
      flaky.fail('drop');
      await failureOf(store.drop(['a']));
      flaky.delay(10, 'drop');
      await clock.advanceAndSettle(100 + 5); // the second attempt is under way
      await failureOf(store.drop(['a'])); // after a later COMMIT
      await clock.advanceAndSettle(5); // the second attempt is acknowledged
      expect(store.state.pendingDrops).to.equal(1);
      memory.write([entry('a', 'between')]);
      await clock.advanceAndSettle(10);
      expect(store.state.pendingDrops).to.equal(0);
      expect(memory.peek('a')).to.equal(undefined);
      expect(flaky.calls.drop).to.equal(3);
    });

    it('takes few keys that cover all where too many are waiting', async () => {
      wrap({ maxPendingDrops: 3, dropInstead: () => ['epoch'] });
      memory.write([entry('epoch'), entry('a')]);
      flaky.fail('drop');
      await failureOf(store.drop(['a', 'b']));
      await failureOf(store.drop(['a', 'c']));
      expect(store.state.pendingDrops).to.equal(3);
      await failureOf(store.drop(['d', 'e']));
      await failureOf(store.drop(['f']));
      expect(store.state.pendingDrops).to.equal(1);
      flaky.heal();
      await clock.advanceAndSettle(100);
      expect(memory.peek('epoch')).to.equal(undefined);
      expect(memory.peek('a'), 'covered by the epoch').to.equal('text');
      expect(store.state.pendingDrops).to.equal(0);
    });

    it('counts again what was added while the few that cover all were under way', async () => {
      wrap({ maxPendingDrops: 1, dropInstead: () => ['epoch'] });
      flaky.fail('drop');
      await failureOf(store.drop(['a', 'b']));
      flaky.delay(10, 'drop');
      await clock.advanceAndSettle(105);
      memory.write([entry('c')]);
      await failureOf(store.drop(['c']));
      await clock.advanceAndSettle(5 + 10);
      expect(memory.peek('c')).to.equal(undefined);
    });

    it('is not made by an empty list', async () => {
      flaky.fail();
      expect(await failureOf(store.drop([]))).to.equal(undefined);
      expect(flaky.calls.drop).to.equal(0);
    });
  });

  describe('close', () => {
    it('delivers what is waiting', async () => {
      memory.write([entry('a')]);
      flaky.fail('drop');
      await failureOf(store.drop(['a']));
      flaky.heal();
      expect(await failureOf(store.close())).to.equal(undefined);
      expect(flaky.calls.drop).to.equal(2);
      expect(clock.scheduled).to.be.at.most(1); // the deadline's timer, which does nothing any more
    });

    it('rejects after one deadline if it cannot, and closes the store all the same', async () => {
      let closed = false;
      memory.close = async () => {
        closed = true;
      };
      flaky.hang('drop');
      await failureOf(store.drop(['a', 'b']), 250);
      const error = await failureOf(store.close(), 250);
      expect(error?.message).to.equal(
        "The cache store 'flaky memory' was closed before 2 invalidated keys could be dropped: what depends on them may be served by other processes until it expires.",
      );
      expect(closed).to.equal(true);
      const attempts = flaky.calls.drop;
      await clock.advanceAndSettle(10_000);
      expect(flaky.calls.drop, 'attempts after that').to.equal(attempts);
    });

    it('waits for an attempt that is under way', async () => {
      flaky.fail('drop');
      await failureOf(store.drop(['a']));
      flaky.delay(10, 'drop');
      await clock.advanceAndSettle(105);
      expect(await failureOf(store.close(), 10)).to.equal(undefined);
      expect(flaky.calls.drop).to.equal(2);
    });
  });
});
