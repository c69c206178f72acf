import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { cached, connect, MemoryStore, type CachedFunction, type Database } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';
import { Hold } from './support/hold.js';
import { ScriptedStore } from './support/scripted-store.js';

const pollMs = 100;
const holdMs = 10_000;
const stepMs = pollMs / 2;

describe('a lock around a computation', () => {
  let clock: FakeClock;
  let storeClock: FakeClock;
  let store: ScriptedStore;
  let opened: Database[];
  let holds: Hold[];
  /** Who computed, in their order. */
  let computed: string[];
  let source: number;

  beforeEach(async () => {
    [clock, storeClock] = [new FakeClock(), new FakeClock()];
    store = new ScriptedStore(new MemoryStore({ clock: storeClock }));
    [opened, holds, computed, source] = [[], [], [], 1];
    for (const name of ['one', 'two', 'three']) {
      const db = await connect({ name, database: 'sqlite::memory:', cache: store, clock, prefix: 'lock:' });
      opened.push(db);
      await db.cache.get('any'); // with the first look each takes the file to have been written by others
    }
  });
  afterEach(async () => {
    for (const hold of holds) hold.release();
    for (const db of opened) await db.close();
  });

  /** The same function in what stands for a process of its own: a connection to the store that all of them share. */
  async function begin(name: string, { waitMs = 60_000 }: { waitMs?: number } = {}): Promise<Begun> {
    const hold = new Hold();
    holds.push(hold);
    const compute = async (): Promise<string> => {
      const read = source;
      computed.push(name);
      await hold.arrive();
      return `${read} by ${name}`;
    };
    // NOTE: each declaration from this place takes the label of the one before, which goes on all the same
    const get = cached('locks.value', compute, { connection: name, ttl: '1h', lock: { waitMs, pollMs, holdMs } });
    const value = get();
    await settle();
    return { value, get, finish: () => (hold.release(), value) };
  }

  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      storeClock.advance(stepMs);
      await clock.advanceAndSettle(stepMs);
      await settle();
    }
  }

  it('lets one compute, whose value others wait for', async () => {
    const one = await begin('one');
    const two = await begin('two');
    await pass(holdMs - pollMs);
    await one.finish();
    await pass(3 * pollMs);
    expect([await two.value, computed]).to.deep.equal(['1 by one', ['one']]);
  });

  it('is waited for until waitMs is over; then who waited computes the value itself', async () => {
    await begin('one');
    const two = await begin('two', { waitMs: 2_000 });
    await pass(2_000 - pollMs);
    expect(computed).to.deep.equal(['one']);
    await pass(2 * pollMs);
    expect(computed).to.deep.equal(['one', 'two']);
    expect(await two.finish()).to.equal('1 by two');
  });

  it('is taken over from who holds it for longer than holdMs, by one of those who wait', async () => {
    await begin('one');
    const others = [await begin('two'), await begin('three')];
    await pass(holdMs - pollMs);
    expect(computed).to.deep.equal(['one']);
    await pass(2 * pollMs);
    expect(computed).to.deep.equal(['one', 'two']);
    await others[0]?.finish();
    await pass(3 * pollMs);
    expect(await Promise.all(others.map(({ value }) => value))).to.deep.equal(['1 by two', '1 by two']);
    expect(computed).to.deep.equal(['one', 'two']);
  });

  it('stays with the successor of one who comes back late, and what that one stored is no hit after a write', async () => {
    const one = await begin('one');
    const two = await begin('two');
    await pass(holdMs + pollMs);
    source = 2;
    await two.get.invalidate();
    expect(await one.finish()).to.equal('1 by one');
    await settle();
    const three = await begin('three');
    await pass(pollMs);
    expect([computed, await three.get.peek()]).to.deep.equal([['one', 'two'], undefined]);
    await two.finish();
    await pass(pollMs);
    await three.finish();
    expect([await three.value, computed]).to.deep.equal(['2 by three', ['one', 'two', 'three']]);
  });

  it('stays with the successor of one whose clock has stood still', async () => {
    const one = await begin('one');
    storeClock.advance(holdMs + 1);
    const two = await begin('two');
    await one.get.invalidate(); // so that three computes, if it can
    await one.finish();
    await settle();
    const three = await begin('three');
    expect(computed).to.deep.equal(['one', 'two']);
    await two.finish();
    await pass(3 * pollMs);
    await three.finish();
    expect([await three.value, computed]).to.deep.equal(['1 by three', ['one', 'two', 'three']]);
  });

  it('that is let go of too late to tell whose it is costs a computation, and nothing is wrong', async () => {
    const one = await begin('one');
    const letGo = store.hold('drop', 'before');
    await one.finish();
    await letGo.reached;
    storeClock.advance(holdMs + 1);
    source = 2;
    await one.get.invalidate();
    const two = await begin('two');
    letGo.release();
    await settle();
    const three = await begin('three');
    expect(computed).to.deep.equal(['one', 'two', 'three']);
    expect(await Promise.all([two.finish(), three.finish()])).to.deep.equal(['2 by two', '2 by three']);
    expect((await three.get()).startsWith('2 ')).to.equal(true);
  });

  it('is not taken to make an outdated value once more, whatever the clock says of who made it', async () => {
    const options = { database: 'sqlite::memory:', cache: store, prefix: 'lock:' };
    const ahead = await connect({ ...options, name: 'ahead', clock: new FakeClock(clock.now() + 5_000) });
    opened.push(ahead);
    const declare = (name: string): CachedFunction<[], string> =>
      cached('locks.renewed', async () => `run ${computed.push(name)}`, { connection: name, stale: true, lock: true });
    const [getAhead, get] = [declare('ahead'), declare('one')];
    expect([await getAhead(), await get()]).to.deep.equal(['run 1', 'run 1']);
    await settle(); // the lock is let go of when the value has arrived
    await get.invalidate();
    const locking = store.hold('acquire', 'before');
    expect(await getAhead(), 'is going to make it anew').to.equal('run 1');
    await locking.reached;
    expect(await get()).to.equal('run 1');
    await settle();
    expect([await get(), computed]).to.deep.equal(['run 2', ['ahead', 'one']]);
    locking.release();
    await settle();
    expect([await getAhead(), computed]).to.deep.equal(['run 2', ['ahead', 'one']]);
  });
});

interface Begun {
  readonly value: Promise<string>;
  readonly get: CachedFunction<[], string>;
  /** Lets the computation go on to its end. */
  finish(): Promise<string>;
}

/** Lets whatever is under way arrive. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
