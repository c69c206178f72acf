import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Address } from '../../../src/cache/address.js';
import type { Found } from '../../../src/cache/found.js';
import type { CacheEngine } from '../../../src/cache/cache-engine.js';
import type { Held } from '../../../src/store/held.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { engineOver } from '../../support/engine-over.js';

/** Where a row lies, for whom its keys are made: nobody, where it is held in this process. */
class Keyless implements Address {
  readonly prefix = 'rows:';
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }

  get key(): string {
    throw new Error('the key was made');
  }

  get stampKeys(): readonly string[] {
    throw new Error('the keys of the stamps were made');
  }
}

/** Notes which keys it is asked for. */
class WatchedStore extends MemoryStore {
  asked: string[] = [];

  override held(key: string): Held | undefined {
    this.asked.push(key);
    return super.held(key);
  }
}

describe('hits in this process', () => {
  it('make no keys, alone and among many', () => {
    const clock = new FakeClock();
    const store = new MemoryStore({ clock });
    const engine = engineOver({ store, clock });
    store.write([{ key: 'stamp', value: 's', ttlMs: 0 }]);
    for (const id of [1, 2]) {
      engine.fill({ key: `rows:${id}`, stamps: ['s'], stampKeys: ['stamp'], payload: [id], ttlMs: 1_000, costMs: 0 });
    }
    const states = engine.lookupAll([new Keyless(1), new Keyless(2)]);
    expect(states).to.be.an('array').and.have.lengthOf(2);
    for (const found of states as readonly { readonly state: string }[]) expect(found.state).to.equal('hit');
    expect(engine.lookupAt(new Keyless(1), ({ state }) => state)).to.equal('hit');
  });
});

describe('hits in this process of values that know their stamps', () => {
  const stampKeys = ['a', 'b'];
  const others = ['a', 'c'];
  let clock: FakeClock;
  let store: WatchedStore;
  let engine: CacheEngine;

  const fill = (): void => {
    const stamps = ['stampA', 'stampB'];
    const made = { dependencies: ['b'], payload: [1], ttlMs: 1000, costMs: 0 };
    engine.fill({ key: 'value', stamps, stampKeys, listId: 7, ...made });
  };
  const lookup = (keys: readonly string[], listId?: number): string => {
    store.asked = [];
    const list = listId === undefined ? undefined : { id: listId, stampKeys: keys, withEntry: ['value', ...keys] };
    const found = engine.lookup('value', keys, list) as Found;
    return found.state === 'miss' ? found.reason : found.state;
  };

  beforeEach(() => {
    clock = new FakeClock();
    store = new WatchedStore({ clock });
    engine = engineOver({ store, clock });
    store.write(['a', 'b', 'c'].map((key) => ({ key, value: `stamp${key.toUpperCase()}`, ttlMs: 0 })));
    fill();
  });

  it('look up the value alone under the list that it was stored under', () => {
    expect(lookup(stampKeys, 7)).to.equal('hit');
    expect(store.asked).to.deep.equal(['value']);
  });

  it('compare the stamps of another list, and know it from then on', () => {
    expect(lookup([...stampKeys], 8)).to.equal('hit');
    expect(store.asked).to.deep.equal(['value', 'a', 'b']);
    expect(lookup(stampKeys, 8)).to.equal('hit');
    expect(store.asked).to.deep.equal(['value']);
  });

  it('compare the stamps of a list that nobody has numbered, each time', () => {
    for (const list of [stampKeys, [...stampKeys]]) {
      expect(lookup(list)).to.equal('hit');
      expect(store.asked).to.deep.equal(['value', 'a', 'b']);
    }
  });

  it('are none under other keys, however many there are', () => {
    expect(lookup(others, 9)).to.equal('invalidated');
    expect(lookup(others, 9)).to.equal('invalidated');
    expect(lookup(stampKeys, 7)).to.equal('hit');
  });

  for (const [what, change] of [
    ['dropped', () => store.drop(['b'])],
    ['replaced', () => store.write([{ key: 'b', value: 'another', ttlMs: 0 }])],
  ] as const) {
    it(`are none once a stamp was ${what}`, () => {
      change();
      expect(lookup(stampKeys, 7)).to.equal('invalidated');
    });
  }

  it('are none after their life', async () => {
    await clock.advance(1000);
    expect(lookup(stampKeys, 7)).to.equal('expired');
  });

  it('are none where a stamp had gone before the value was stored', () => {
    store.drop(['b']);
    fill();
    store.write([{ key: 'b', value: 'a new one', ttlMs: 0 }]);
    expect(lookup(stampKeys, 7)).to.equal('invalidated');
  });

  it('keep their stamps in a store that makes room', () => {
    const small = new WatchedStore({ clock, maxEntries: 3 });
    store = small;
    engine = engineOver({ store: small, clock });
    small.write(['a', 'b'].map((key) => ({ key, value: `stamp${key.toUpperCase()}`, ttlMs: 0 })));
    fill();
    expect(lookup(stampKeys, 7)).to.equal('hit'); // all three were used
    small.write([{ key: 'other', value: 'text', ttlMs: 0 }]);
    expect(small.peek('a')).to.equal('stampA'); // the value went, and not one of its stamps
    expect(lookup(stampKeys, 7)).to.equal('absent');
  });
});
