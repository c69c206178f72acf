import type { Scenario } from './scenario.js';

const ours = 'moneyclip, Redis';
const inMemory = 'moneyclip, memory';
const redisPeers = ['cache-manager, Redis', 'BentoCache, Redis'];
const memoryPeers = ['cache-manager, memory + Redis', 'BentoCache, memory + Redis'];
const anyPeers = [...redisPeers, ...memoryPeers, 'p-memoize'];

const hits = (lanes: number): Scenario => ({
  id: `function-redis-${lanes}`,
  title: `Cached function, hit, Redis, ${lanes} at a time`,
  work: 'label',
  lanes,
  contenders: ['raw', 'raw MGET per tick', ours, ...redisPeers],
  targets: [{ contender: ours, to: 'raw', atLeast: lanes === 1 ? 0.9 : 2 }],
});

/** Cached functions and HTTP handlers. */
export const functionScenarios: readonly Scenario[] = [
  hits(1),
  hits(64),
  {
    id: 'function-memory',
    title: 'Cached function, hit, memory',
    work: 'label',
    lanes: 1,
    contenders: ['lru-cache (limit)', inMemory, ...memoryPeers, 'p-memoize'],
    targets: memoryPeers.map((to) => ({ contender: inMemory, to, atLeast: 3 })),
  },
  {
    id: 'function-nested',
    title: 'Cached function that calls three cached functions, hit',
    work: 'nested',
    lanes: 1,
    contenders: ['raw', ours, inMemory, ...anyPeers],
    targets: [],
  },
  {
    id: 'function-miss',
    title: 'Cached function that reads ten cached rows, miss: look for it, run it, store it',
    work: 'digest',
    lanes: 1,
    contenders: ['raw', 'raw MGET per tick', ours, inMemory, ...anyPeers],
    targets: [],
  },
  {
    id: 'function-stampede',
    title: '1,000 callers of one cached function that has not run yet',
    work: 'labelStampede',
    lanes: 1_000,
    contenders: ['raw', ours, inMemory, ...anyPeers],
    targets: [],
    count: 1_000,
    rounds: 7,
    counted: { what: 'runs', contender: ours, atMost: 1 },
  },
  {
    id: 'function-many',
    title: '100 results of a cached function in bulk',
    work: 'labels',
    lanes: 1,
    contenders: ['raw', ours, inMemory, ...redisPeers, ...memoryPeers],
    targets: [],
  },
  {
    id: 'http-hit',
    title: 'HTTP handler that lists 50 rows, its answer cached',
    work: 'page',
    lanes: 1,
    contenders: ['pg prepared', 'raw', ours, inMemory, ...redisPeers, ...memoryPeers],
    targets: [],
  },
  {
    id: 'http-304',
    title: 'The same handler, asked for what has changed since',
    work: 'notModified',
    lanes: 1,
    contenders: ['pg prepared', 'raw', ours, inMemory, ...redisPeers, ...memoryPeers],
    targets: [],
  },
];
