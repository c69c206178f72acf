import { expect } from 'chai';
import { describe, it } from 'mocha';
import { DependencyFrame, runInFrame } from '../../../src/cache/dependency-frame.js';
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
