import { expect } from 'chai';
import { describe, it } from 'mocha';
import { encodeEntry } from '../../../src/cache/entry.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import { FakeClock, FlakyStore } from '../../../src/testing/index.js';
import { engineOver } from '../../support/engine-over.js';

describe('an entry whose time is over', () => {
  it('is no hit, although the store elsewhere still has it', async () => {
    const clock = new FakeClock();
    const store = new FlakyStore(new MemoryStore({ clock }));
    const engine = engineOver({ store, clock });
    const createdAt = clock.now();
    const times = { createdAt, expiresAt: createdAt + 10, softExpiresAt: undefined, costMs: 0 };
    const value = encodeEntry({ ...times, stamps: ['current'], dependencies: undefined, payload: 1 });
    await store.write([
      { key: 'entry', value, ttlMs: 1_000 },
      { key: 'stamp', value: 'current', ttlMs: 0 },
    ]);
    const address = { key: 'entry', stampKeys: ['stamp'], prefix: '', id: undefined };
    const outcomes = async (): Promise<string[]> => {
      const all = await engine.lookupAll([address, address]);
      const found = [await engine.lookup('entry', ['stamp']), await engine.lookupAt(address, (each) => each), ...all];
      return found.map((each) => (each.state === 'hit' ? 'hit' : each.reason));
    };
    await clock.advance(9);
    expect(await outcomes()).to.deep.equal(['hit', 'hit', 'hit', 'hit']);
    await clock.advance(1);
    expect(await outcomes()).to.deep.equal(['expired', 'expired', 'expired', 'expired']);
  });
});
