import { functionScenarios } from './function-scenarios.js';
import { queryScenarios } from './query-scenarios.js';
import type { Scenario } from './scenario.js';

const redisPeers = [
  'cache-manager, Redis',
  'BentoCache, Redis',
  'sequelize-transparent-cache',
  'Drizzle cache',
  'MikroORM result cache',
  'TypeORM ioredis cache',
];
const memoryPeers = ['cache-manager, memory + Redis', 'BentoCache, memory + Redis'];
const byHand = ['raw', 'raw MGET per tick'];
const uncached = ['pg prepared', 'knex, PostgreSQL', 'Objection', 'dataloader over knex'];
const ours = 'moneyclip, Redis';
/** What the protocol alone costs. */
const limit = 'stamps by hand (limit)';

const hits = (lanes: number, floors: readonly [string, number][]): Scenario => ({
  id: `hit-redis-${lanes}`,
  title: `Hit by id, Redis, ${lanes} at a time`,
  work: 'read',
  lanes,
  contenders: [...byHand, limit, ours, ...redisPeers, ...uncached],
  targets: floors.map(([to, atLeast]) => ({ contender: ours, to, atLeast })),
});

const databaseOnly = (lanes: number, atLeast: number): Scenario => ({
  id: `database-${lanes}`,
  title: `Miss, the database alone: read by id with no cache, ${lanes} at a time`,
  work: 'read',
  lanes,
  contenders: [...uncached.slice(0, 1), 'moneyclip, cache off', ...uncached.slice(1)],
  targets: [{ contender: 'moneyclip, cache off', to: 'pg prepared', atLeast }],
});

const misses = (lanes: number): Scenario => ({
  id: `miss-${lanes}`,
  title: `Miss with everything it takes: ask the cache, read the database, store; ${lanes} at a time`,
  work: 'miss',
  lanes,
  contenders: ['raw', ours, 'moneyclip, memory', ...redisPeers.slice(0, 5), ...memoryPeers],
  targets: [],
});

const badges = (lanes: number, atLeast: number): Scenario => ({
  id: `computed-${lanes}`,
  title: `Computed value, hit, ${lanes} at a time`,
  work: 'badge',
  lanes,
  contenders: [
    ...byHand,
    limit,
    ours,
    'cache-manager, Redis',
    'BentoCache, Redis',
    ...memoryPeers,
    'pg prepared',
    'lru-cache (limit)',
  ],
  targets: [{ contender: ours, to: 'raw', atLeast }],
});

/** In this order: those that write come last. */
export const scenarios: readonly Scenario[] = [
  hits(1, [['raw', 0.9]]),
  hits(64, [['raw', 1.3], ...redisPeers.map((peer): [string, number] => [peer, 1.3])]),
  {
    id: 'hit-memory',
    title: 'Hit by id, memory on PostgreSQL (nothing asks the database)',
    work: 'read',
    lanes: 1,
    contenders: ['lru-cache (limit)', 'moneyclip, memory', ...memoryPeers, 'raw'],
    targets: [
      // 500,000 a second on a machine where lru-cache does 2.4 million
      { contender: 'moneyclip, memory', to: 'lru-cache (limit)', atLeast: 0.21 },
      ...memoryPeers.map((to) => ({ contender: 'moneyclip, memory', to, atLeast: 3 })),
    ],
  },
  {
    id: 'hit-sqlite',
    title: 'Hit by id, memory on SQLite, each hit checked against the file',
    work: 'read',
    lanes: 1,
    contenders: ['better-sqlite3 prepared', 'moneyclip, SQLite + memory', 'knex, SQLite'],
    targets: [
      { contender: 'moneyclip, SQLite + memory', to: 'better-sqlite3 prepared', atLeast: 1.3 },
      { contender: 'moneyclip, SQLite + memory', to: 'knex, SQLite', atLeast: 10 },
    ],
  },
  {
    id: 'authors-apart',
    title: '100 documents with their authors, all warm, read apart in user code',
    work: 'authors',
    lanes: 1,
    contenders: [
      ...byHand,
      limit,
      ours,
      'cache-manager, Redis',
      'BentoCache, Redis',
      ...memoryPeers,
      'sequelize-transparent-cache',
      'pg prepared',
      'dataloader over knex',
    ],
    targets: [{ contender: ours, to: 'raw', atLeast: 2 }],
  },
  {
    id: 'authors-bulk',
    title: '100 documents with their authors, all warm, read in bulk',
    work: 'authorsInBulk',
    lanes: 1,
    contenders: ['raw', limit, ours, 'cache-manager, Redis', 'pg prepared'],
    targets: [{ contender: ours, to: 'raw', atLeast: 0.9 }],
  },
  databaseOnly(1, 0.85),
  databaseOnly(64, 2),
  misses(1),
  misses(64),
  badges(1, 0.9),
  badges(64, 2),
  ...queryScenarios,
  ...functionScenarios,
  {
    id: 'tracking',
    title: 'What tracking costs outside a computation: hits in memory before and after something was computed',
    work: 'read',
    lanes: 1,
    contenders: ['moneyclip, memory', 'moneyclip, memory, after a computation'],
    targets: [{ contender: 'moneyclip, memory, after a computation', to: 'moneyclip, memory', atLeast: 0.95 }],
  },
  {
    id: 'memory',
    title: 'Memory of 5,000 documents in this process, beside 5,000 others',
    work: 'memory',
    lanes: 1,
    contenders: ['moneyclip, memory', 'lru-cache (limit)'],
    targets: [],
    count: 1,
    rounds: 1,
    counted: { what: 'growth / text', contender: 'moneyclip, memory', atMost: 1.5 },
  },
  {
    id: 'stampede',
    title: '1,000 readers of one document that nobody has cached',
    work: 'stampede',
    lanes: 1_000,
    contenders: [
      'raw',
      'raw MGET per tick',
      ours,
      'moneyclip, memory',
      ...redisPeers.slice(0, 5),
      ...memoryPeers,
      'dataloader over knex',
    ],
    targets: [],
    count: 1_000,
    rounds: 7,
    counted: { what: 'statements', contender: ours, atMost: 1 },
  },
  {
    id: 'save',
    title: 'Save one column with its invalidation',
    work: 'save',
    lanes: 1,
    contenders: [
      'raw',
      limit,
      ours,
      'cache-manager, Redis',
      'BentoCache, Redis',
      ...memoryPeers,
      'sequelize-transparent-cache',
      'Drizzle cache',
      'MikroORM result cache',
      'TypeORM ioredis cache',
      'pg prepared',
    ],
    targets: [{ contender: ours, to: 'raw', atLeast: 0.85 }],
  },
  {
    id: 'live',
    title: 'Save one column while so many lists are cached, each under a condition of its own',
    work: 'save',
    lanes: 1,
    contenders: [ours, 'moneyclip, Redis, 10 lists', 'moneyclip, Redis, 10,000 lists', 'raw'],
    targets: [{ contender: 'moneyclip, Redis, 10,000 lists', to: ours, atLeast: 0.95 }],
  },
  {
    id: 'mixed',
    title: '95 reads to 5 writes of 1,000 documents, 64 at a time',
    work: 'mixed',
    lanes: 64,
    contenders: [
      'raw',
      ours,
      'moneyclip, memory',
      'cache-manager, Redis',
      'BentoCache, Redis',
      ...memoryPeers,
      'sequelize-transparent-cache',
      'Drizzle cache',
      'MikroORM result cache',
      'TypeORM ioredis cache',
      'lru-cache (limit)',
    ],
    targets: [{ contender: ours, to: 'raw', atLeast: 1 }],
    counted: { what: 'stale reads', contender: ours, atMost: 0 },
  },
];
