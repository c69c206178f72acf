import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import {
  cached,
  CachedModel,
  CacheNode,
  Column,
  ComputeTimeoutError,
  connect,
  MemoryStore,
  moneyclip,
  PrimaryKey,
  Table,
  type CacheWrite,
  type Database,
  type KeepingOptions,
  type Manager,
} from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';
import { rejection } from '../support/rejection.js';

/** A value that is computed by `compute`, by one of the ways to declare it. */
interface Face {
  get(): Promise<number>;
  peek(): Promise<unknown>;
  invalidate(): Promise<void>;
  undeclare(): void;
}

/** A store in which somebody else may hold every lock. */
class LockedStore extends MemoryStore {
  isLocked = false;

  override acquire(requests: readonly CacheWrite[]): (string | undefined)[] {
    if (this.isLocked && requests.some(({ key }) => key.includes(':lock:'))) return requests.map(() => 'of another');
    return super.acquire(requests);
  }
}

let clock: FakeClock;
let store: LockedStore;
let db: Database;
let runs: number;
let compute: () => Promise<number>;
let models = 0;

const faces: Readonly<Record<string, (options: KeepingOptions) => Promise<Face>>> = {
  'cached()': async (options) => cached('faces.value', () => compute(), options),
  '@moneyclip': async (options) => {
    models += 1;
    @Table('faces_owners', { label: `faces.Owner${models}` })
    class Owner extends CachedModel {
      declare static objects: Manager<Owner>;
      @PrimaryKey() declare id: number;
      @Column({ type: 'string' }) declare name: string;

      @moneyclip(options)
      async value(): Promise<number> {
        return compute();
      }
    }
    await db.createTables([Owner]);
    const owner = await Owner.create({ name: 'ann' });
    const handle = moneyclip.of(Owner, 'value');
    return {
      get: () => owner.value(),
      peek: () => handle.peek(owner),
      invalidate: () => handle.invalidate(owner),
      undeclare: () => undefined,
    };
  },
  CacheNode: async (options) => {
    const Value = CacheNode.define({ label: 'faces.node', load: (_: { id: number }) => compute(), ...options });
    const node = new Value({ id: 1 });
    return {
      get: () => node.get(),
      peek: () => node.peek(),
      invalidate: () => node.invalidate(),
      undeclare: () => Value.undeclare(),
    };
  },
};

const minute = 60_000;

/** What an option does, for whoever declares a value with it. */
const effects: Readonly<Record<string, (declare: (options: KeepingOptions) => Promise<Face>) => Promise<void>>> = {
  'softTtl has it computed again behind a reader who gets the old one': async (declare) => {
    const face = await declare({ ttl: '1h', softTtl: '1m' });
    expect(await face.get()).to.equal(1);
    clock.advance(minute - 1);
    expect([await face.get(), runs]).to.deep.equal([1, 1]);
    clock.advance(1);
    expect(await face.get()).to.equal(1);
    await settle();
    expect([await face.get(), runs]).to.deep.equal([2, 2]);
  },
  'stale serves what was invalidated until it is computed again': async (declare) => {
    const face = await declare({ stale: true, staleFor: '1m' });
    expect(await face.get()).to.equal(1);
    await face.invalidate();
    expect(await face.get()).to.equal(1);
    await settle();
    expect([await face.get(), runs]).to.deep.equal([2, 2]);
    await face.invalidate();
    clock.advance(minute + 1);
    expect(await face.get(), 'no longer than staleFor').to.equal(3);
  },
  'lock waits for who computes elsewhere': async (declare) => {
    const face = await declare({ lock: { waitMs: 10_000, pollMs: 100 } });
    store.isLocked = true;
    const value = face.get();
    await pass(1_000);
    expect(runs).to.equal(0);
    store.isLocked = false;
    await pass(200);
    expect([await value, runs]).to.deep.equal([1, 1]);
  },
  'errorTtl keeps an error': async (declare) => {
    const face = await declare({ errorTtl: '1m' });
    compute = async () => {
      runs += 1;
      throw new RangeError(`run ${runs}`);
    };
    const failure = async (): Promise<string> => (await rejection(face.get(), Error)).message;
    expect([await failure(), await failure()]).to.deep.equal(['run 1', 'run 1']);
    clock.advance(minute);
    expect(await failure()).to.equal('run 2');
  },
  'computeTimeout ends a computation that hangs': async (declare) => {
    const face = await declare({ computeTimeout: '1s' });
    let end: (value: number) => void = () => undefined;
    compute = () => new Promise((resolve) => (end = resolve));
    const failing = rejection(face.get(), ComputeTimeoutError);
    await pass(1_000);
    expect((await failing).message).to.match(/: the value was not computed within 1000 ms$/);
    expect(await face.peek()).to.equal(undefined);
    end(0); // since what never ends is followed for the rest of the process
  },
  'earlyRefresh: false never computes before the end': async (declare) => {
    expect(await runsNearTheEnd(await declare({ ttl: '10m', earlyRefresh: false }))).to.equal(1);
  },
  'earlyRefresh computes shortly before the end': async (declare) => {
    expect(await runsNearTheEnd(await declare({ ttl: '10m', earlyRefresh: 2 }))).to.equal(2);
  },
};

async function runsNearTheEnd(face: Face): Promise<number> {
  compute = async () => {
    runs += 1;
    clock.advance(1_000); // what it costs
    return runs;
  };
  await face.get();
  clock.advance(10 * minute - 1_500);
  Math.random = () => 0.4; // due where 2 s · -ln 0.4 is more than what is left, as it is not for 1 s
  expect(await face.get(), 'this reader gets what is there').to.equal(1);
  await settle();
  return runs;
}

describe('what a value is declared with', () => {
  const systemRandom = Math.random;
  let declared: Face | undefined;

  beforeEach(async () => {
    Math.random = () => 0.5; // no jitter
    clock = new FakeClock();
    store = new LockedStore({ clock });
    db = await connect({ database: 'sqlite::memory:', cache: store, clock });
    runs = 0;
    compute = async () => (runs += 1);
  });
  afterEach(async () => {
    Math.random = systemRandom;
    declared?.undeclare();
    await db.close();
  });

  for (const [effect, show] of Object.entries(effects)) {
    for (const [name, declare] of Object.entries(faces)) {
      it(`${effect}, by ${name}`, () => show(async (options) => (declared = await declare(options))));
    }
  }
});

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await clock.advanceAndSettle(100);
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
