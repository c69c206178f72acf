import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Address } from '../../../src/cache/address.js';
import { CacheEngine } from '../../../src/cache/cache-engine.js';
import { Keyspace } from '../../../src/cache/keyspace.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

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

describe('hits in this process', () => {
  it('make no keys, alone and among many', () => {
    const clock = new FakeClock();
    const store = new MemoryStore({ clock });
    const keyspace = new Keyspace('test:', { style: 'hashed' });
    const events = { storeFailed: () => undefined, corruptEntry: () => undefined };
    const engine = new CacheEngine({
      store,
      clock,
      keyspace: () => keyspace,
      onFailure: 'throw',
      events,
      stampTtlMs: () => 0,
    });
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
