import { expect } from 'chai';
import { describe, it } from 'mocha';
import { DependencyFrame, runInFrame } from '../../../src/cache/dependency-frame.js';
import type { CacheStore } from '../../../src/store/cache-store.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import { FakeClock, FlakyStore } from '../../../src/testing/index.js';
import { engineOver } from '../../support/engine-over.js';

describe('reads of one tick that fail together', () => {
  for (const onFailure of ['throw', 'degrade'] as const) {
    it(`${onFailure === 'throw' ? 'spoil the frame of each who asked' : 'are a bypass for each who asked'}`, async () => {
      const clock = new FakeClock();
      const store = new FlakyStore(new MemoryStore({ clock }));
      const engine = engineOver({ store, clock, onFailure });
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

describe('a drop that fails', () => {
  for (const onFailure of ['throw', 'degrade'] as const) {
    it(`spoils the frame of who asked, and ${onFailure === 'throw' ? 'rejects' : 'is passed over'}`, async () => {
      const clock = new FakeClock();
      let fail: (error: unknown) => void = () => undefined;
      const store: CacheStore = Object.assign(new FlakyStore(new MemoryStore({ clock })), {
        requestDrop: (_keys: readonly string[], _resolve: () => void, reject: (error: unknown) => void) => {
          fail = reject;
        },
      });
      const engine = engineOver({ store, clock, onFailure });
      const frame = new DependencyFrame(engine);
      const dropped = runInFrame(frame, () => engine.drop(['stamp']));
      const outcome = dropped.then(
        () => 'resolved',
        () => 'rejected',
      );
      fail(new Error('no')); // in the context of whoever reads the socket
      expect(await outcome).to.equal(onFailure === 'throw' ? 'rejected' : 'resolved');
      expect(frame.taint).to.equal('the store failed');
    });
  }
});
