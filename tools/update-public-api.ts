import { writeFileSync } from 'node:fs';
import { publicApi, snapshotPath } from '../test/architecture/public-api.js';

/** Writes the public names as they are now. The change shows in the commit, where people agree on it or do not. */
writeFileSync(snapshotPath, `${publicApi().join('\n')}\n`);
