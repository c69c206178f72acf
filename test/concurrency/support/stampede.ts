import { Redis } from 'ioredis';
import { cached, connect, type CachedOptions } from '../../../src/index.js';
import { FakeClock } from '../../../src/testing/index.js';

/*
 * One of several processes that ask for the same value at the same time. Told by its parent, over the channel between
 * them: how often to ask, and whether to hang in the computation for ever or until it says that it may go on.
 */

const lock = { waitMs: 20_000, pollMs: 20, holdMs: 1500 };
const modes: Readonly<Record<string, CachedOptions<[], string>>> = {
  free: {},
  lock: { lock },
  soft: { lock: true, ttl: '1h', softTtl: '1m' },
  stale: { lock: true, ttl: '1h', stale: true },
};
type Message =
  | { readonly calls: number; readonly hang?: boolean }
  | { readonly pass: number }
  | 'invalidate'
  | 'hold'
  | 'finish'
  | 'end';

const [database = '', cache = '', prefix = '', mode = ''] = process.argv.slice(2);
const redis = new Redis(cache);
// NOTE: who serves old values waits for nothing, so time passes there only as the parent says
const clock = mode === 'soft' || mode === 'stale' ? new FakeClock(Date.now()) : undefined;
const db = await connect({ database, cache, prefix, ...(clock && { clock }) });
let waitsFor: Promise<unknown> | undefined;
let finish: () => void = () => undefined;

const value = cached(
  'stampede',
  async () => {
    const run = await redis.incr(`${prefix}runs`);
    process.send?.('running');
    await (waitsFor ?? new Promise((resolve) => setTimeout(resolve, 300)));
    return `made by ${run}`;
  },
  modes[mode],
);

async function ask(calls: number): Promise<void> {
  const values = await Promise.all(Array.from({ length: calls }, () => value()));
  process.send?.({ values: [...new Set(values)] });
}

/** Lets time pass when nothing is under way: the deadlines of the store go by the same clock. */
async function pass(ms: number): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await db.cache.get('nothing'); // commands are answered in their order
  clock?.advance(ms);
  process.send?.('passed');
}

async function end(): Promise<void> {
  await Promise.all([db.close(), redis.quit()]);
  process.disconnect();
}

process.on('message', (message: Message) => {
  if (message === 'end') void end();
  else if (message === 'hold') waitsFor = new Promise((resolve) => (finish = () => resolve(undefined)));
  else if (message === 'finish') finish();
  else if (message === 'invalidate') void value.invalidate().then(() => process.send?.('invalidated'));
  else if ('pass' in message) void pass(message.pass);
  else {
    if (message.hang) waitsFor = new Promise(() => undefined);
    void ask(message.calls);
  }
});
process.send?.('ready');
