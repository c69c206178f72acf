import { join } from 'node:path';
import Driver from 'better-sqlite3';
import { describe } from 'mocha';
import { systemClock } from '../../src/support/clock.js';
import { FileStore } from '../../src/store/sql/file-store.js';
import { openStore } from '../../src/store/open-store.js';
import { describeCacheStore, FakeClock } from '../../src/testing/index.js';
import { temporaryFolder } from '../setup/temporary-folder.js';

describe('a cache in a file', () => {
  const clock = new FakeClock();
  const file = join(temporaryFolder('cache'), 'cache.db');

  describeCacheStore({
    name: 'FileStore',
    open: () => new FileStore(Driver, file, clock),
    facts: { inProcess: false, exactTtl: true, lists: true },
    advance: (ms) => clock.advance(ms),
  });

  describeCacheStore({
    name: "the store of 'file:'",
    open: () => openStore(`file:${file}`, { clock: systemClock }),
    facts: { inProcess: false, exactTtl: false, lists: true },
  });
});
