import { MemoryStore } from '../../src/store/memory-store.js';
import { CountingStore, describeCacheStore, FakeClock } from '../../src/testing/index.js';

const clock = new FakeClock();

describeCacheStore({
  name: 'MemoryStore',
  open: () => new MemoryStore({ clock }),
  facts: { inProcess: true, exactTtl: true, lists: true },
  advance: (ms) => clock.advance(ms),
});

describeCacheStore({
  name: 'CountingStore in front of a MemoryStore',
  open: () => new CountingStore(new MemoryStore({ clock })),
  facts: { inProcess: true, exactTtl: true, lists: true },
  advance: (ms) => clock.advance(ms),
});
