import { cacheOf, connect } from '../../../src/index.js';

/* A program that declares nothing itself: its workers do. */

const prices = './test/features/workers/prices.ts';
const db = await connect({ database: 'sqlite::memory:', workers: [prices] });
const values = [await cacheOf('worker.prices')(5), await cacheOf('worker.node')({ id: 6 })];
await db.close();

const address = new URL('prices.ts', import.meta.url).href;
const again = await connect({ database: 'sqlite::memory:', workers: [prices, address, prices] });
values.push(await cacheOf('worker.prices')(7));
await again.close();
process.stdout.write(values.join('\n'));
