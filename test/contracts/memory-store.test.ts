import { MemoryStore } from '../../src/store/memory-store.js';
import { describeCacheStore, FakeClock } from '../../src/testing/index.js';

const clock = new FakeClock();

describeCacheStore({
  name: 'MemoryStore',
  open: () => new MemoryStore({ clock }),
  facts: { inProcess: true, exactTtl: true },
  advance: (ms) => clock.advance(ms),
});
