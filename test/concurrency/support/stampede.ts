import { Redis } from 'ioredis';
import { cached, connect } from '../../../src/index.js';

/*
 * One of several processes that ask for the same cold value at the same time. Told by its parent, over the channel
 * between them: how often to ask, and whether to hang in the computation for ever.
 */

const [database = '', cache = '', prefix = '', mode = ''] = process.argv.slice(2);
const redis = new Redis(cache);
const db = await connect({ database, cache, prefix });
let hangs = false;

const value = cached(
  'stampede',
  async () => {
    const run = await redis.incr(`${prefix}runs`);
    process.send?.('running');
    if (hangs) await new Promise(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    return `made by ${run}`;
  },
  mode === 'lock' ? { lock: { waitMs: 20_000, pollMs: 20, holdMs: 1500 } } : {},
);

process.on('message', (message: { calls: number; hang?: boolean } | 'end') => {
  if (message === 'end') {
    void Promise.all([db.close(), redis.quit()]).then(() => process.disconnect());
    return;
  }
  hangs = message.hang ?? false;
  void Promise.all(Array.from({ length: message.calls }, () => value())).then((values) => {
    process.send?.({ values: [...new Set(values)] });
  });
});
process.send?.('ready');
