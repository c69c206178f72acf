import { expect } from 'chai';
import { describe, it } from 'mocha';
import { CacheEngine } from '../../../src/cache/cache-engine.js';
import { DependencyFrame, runInFrame } from '../../../src/cache/dependency-frame.js';
import { Keyspace } from '../../../src/cache/keyspace.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import { FakeClock, FlakyStore } from '../../../src/testing/index.js';

describe('reads of one tick that fail together', () => {
  for (const onFailure of ['throw', 'degrade'] as const) {
    it(`${onFailure === 'throw' ? 'spoil the frame of each who asked' : 'are a bypass for each who asked'}`, async () => {
      const clock = new FakeClock();
      const store = new FlakyStore(new MemoryStore({ clock }));
      const keyspace = new Keyspace('p:', { style: 'hashed' });
      const events = { storeFailed: () => undefined, corruptEntry: () => undefined };
      const engine = new CacheEngine({
        store,
        clock,
        keyspace: () => keyspace,
        onFailure,
        events,
        stampTtlMs: () => 0,
      });
      store.fail('read');
      const frames = [new DependencyFrame(engine), new DependencyFrame(engine), new DependencyFrame(engine)];
      const found = await Promise.all(
        frames.map((frame) =>
          runInFrame(frame, async () => Promise.resolve(engine.lookup('key', ['stamp'])).catch(() => undefined)),
        ),
      );
      const expected = onFailure === 'throw' ? 'the store failed' : 'bypass';
      const seen = onFailure === 'throw' ? frames.map(({ taint }) => taint) : found.map((one) => one?.state);
      expect(seen).to.deep.equal([expected, expected, expected]);
    });
  }
});
