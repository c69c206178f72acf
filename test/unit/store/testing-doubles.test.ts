import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { isInProcess } from '../../../src/store/cache-store.js';
import { Held } from '../../../src/store/held.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import { CountingStore, FakeClock, FlakyStore } from '../../../src/testing/index.js';

const entry = (key: string) => ({ key, value: `of ${key}`, ttlMs: 0 });

class Plain extends Held {
  readonly bytes: number;

  constructor(bytes: number) {
    super();
    this.bytes = bytes;
  }
}

describe('FakeClock', () => {
  it('runs what falls due in the order of time, each at its own time', () => {
    const clock = new FakeClock(1000);
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name} at ${clock.now()}`);
    clock.schedule(20, note('later'));
    clock.schedule(10, () => {
      note('sooner')();
      clock.schedule(5, note('chained'));
    });
    const cancel = clock.schedule(15, note('taken back'));
    clock.schedule(31, note('too late'));
    cancel();
    clock.advance(30);
    expect(seen).to.deep.equal(['sooner at 1010', 'chained at 1015', 'later at 1020']);
    expect([clock.now(), clock.scheduled]).to.deep.equal([1030, 1]);
  });

  it('lets promises settle between tasks where that is asked for', async () => {
    const clock = new FakeClock(0);
    const seen: number[] = [];
    const tick = async (): Promise<void> => {
      await Promise.resolve();
      seen.push(clock.now());
      clock.schedule(10, () => void tick());
    };
    void tick();
    await clock.advanceAndSettle(35);
    expect(seen).to.deep.equal([0, 10, 20, 30]);
  });

  it('keeps the waits of its tasks when the time is set', () => {
    const clock = new FakeClock(1000);
    let ran = false;
    clock.schedule(10, () => (ran = true));
    clock.set(0);
    clock.advance(9);
    expect(ran).to.equal(false);
    clock.advance(1);
    expect(ran).to.equal(true);
  });
});

describe('FlakyStore', () => {
  let memory: MemoryStore;
  let store: FlakyStore;

  beforeEach(() => {
    memory = new MemoryStore();
    store = new FlakyStore(memory);
  });

  it('fails the named operations without doing anything', async () => {
    store.fail('write');
    expect(await store.write([entry('a')]).catch((error: Error) => error.message)).to.match(/fails/);
    expect(await store.read(['a'])).to.deep.equal([undefined]);
  });

  it('does what it loses the answer of', async () => {
    store.loseAnswers();
    expect(await store.write([entry('a')]).catch((error: Error) => error.message)).to.match(/lost/);
    expect(memory.peek('a')).to.equal('of a');
  });

  it('does what hangs when it is healed, in its order', async () => {
    store.hang();
    const operations = [store.write([entry('a')]), store.read(['a']), store.drop(['a']), store.read(['a'])];
    expect(memory.peek('a')).to.equal(undefined);
    store.heal();
    expect(await Promise.all(operations)).to.deep.equal([undefined, ['of a'], undefined, [undefined]]);
  });

  it('delays on the clock that is given', async () => {
    const clock = new FakeClock();
    store = new FlakyStore(memory, clock);
    store.delay(10, 'read');
    let answered = false;
    void store.read(['a']).then(() => (answered = true));
    await clock.advanceAndSettle(9);
    expect(answered).to.equal(false);
    await clock.advanceAndSettle(1);
    expect(answered).to.equal(true);
  });

  it('counts what is asked, failed operations too', async () => {
    store.fail();
    await store.read(['a']).catch(() => undefined);
    store.heal();
    await store.read(['a']);
    await store.acquire([entry('a')]);
    expect(store.calls).to.deep.equal({ read: 2, acquire: 1, write: 0, drop: 0 });
  });
});

describe('CountingStore', () => {
  it('counts calls and keys', async () => {
    const store = new CountingStore(new MemoryStore());
    await store.read(['a', 'b']);
    await store.read(['c']);
    await store.acquire([entry('a')]);
    await store.write([entry('a'), entry('b')]);
    await store.drop(['a', 'b', 'c']);
    store.peek?.('b');
    expect(store.calls).to.deep.equal({ peek: 1, read: 2, acquire: 1, write: 1, drop: 1 });
    expect(store.keys).to.deep.equal({ peek: 1, read: 3, acquire: 1, write: 2, drop: 3 });
    expect(store.total).to.equal(6);
    store.reset();
    expect(store.total).to.equal(0);
  });

  it('passes objects on that a store in process holds, and counts them', () => {
    const store = new CountingStore(new MemoryStore());
    const value = new Plain(1);
    store.hold?.('a:1', value);
    expect([store.held?.('a:1'), store.heldAt?.('a:', 1)]).to.deep.equal([value, value]);
    expect(store.calls).to.deep.equal({ peek: 2, read: 0, acquire: 0, write: 1, drop: 0 });
  });

  it('is in process where the store is', () => {
    expect(isInProcess(new CountingStore(new MemoryStore()))).to.equal(true);
    expect(isInProcess(new CountingStore(new FlakyStore(new MemoryStore())))).to.equal(false);
  });
});
