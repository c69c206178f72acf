import type { Scenario } from './scenario.js';

const ours = 'moneyclip, Redis';
const redisPeers = [
  'cache-manager, Redis',
  'BentoCache, Redis',
  'Drizzle cache',
  'MikroORM result cache',
  'TypeORM ioredis cache',
];
const memoryPeers = ['cache-manager, memory + Redis', 'BentoCache, memory + Redis'];
const uncached = ['pg prepared', 'knex, PostgreSQL', 'Objection', 'Kysely'];
const onSqlite = 'moneyclip, SQLite + memory';

const lists = (lanes: number): Scenario => ({
  id: `list-redis-${lanes}`,
  title: `List of 50 rows, cached, Redis, ${lanes} at a time`,
  work: 'list',
  lanes,
  contenders: ['raw', ours, ...redisPeers, ...uncached],
  targets: [{ contender: ours, to: 'raw', atLeast: 1.2 }],
});

/** Query sets: cached, and built, compiled and hydrated without a cache. */
export const queryScenarios: readonly Scenario[] = [
  lists(1),
  lists(16),
  {
    id: 'list-memory',
    title: 'List of 50 rows, cached, memory on PostgreSQL (nothing asks the database)',
    work: 'list',
    lanes: 1,
    contenders: ['raw', 'lru-cache (limit)', 'moneyclip, memory', ...memoryPeers],
    targets: memoryPeers.map((to) => ({ contender: 'moneyclip, memory', to, atLeast: 3 })),
  },
  {
    id: 'list-sqlite',
    title: 'List of 50 rows, cached, memory on SQLite, each hit checked against the file',
    work: 'list',
    lanes: 1,
    contenders: ['better-sqlite3 prepared', onSqlite, 'knex, SQLite'],
    targets: [{ contender: onSqlite, to: 'better-sqlite3 prepared', atLeast: 10 }],
  },
  {
    id: 'list-authors',
    title: 'List of 50 rows with the author of each, cached, Redis',
    work: 'listAuthors',
    lanes: 1,
    contenders: [
      'raw',
      ours,
      'moneyclip, Redis, prefetch',
      'moneyclip, Redis, foreign keys',
      ...redisPeers,
      ...uncached,
    ],
    targets: [],
  },
  {
    id: 'count-redis',
    title: 'Count of the rows under a condition, cached, Redis',
    work: 'count',
    lanes: 1,
    contenders: ['raw', ours, ...redisPeers, ...uncached],
    targets: [{ contender: ours, to: 'raw', atLeast: 0.9 }],
  },
  {
    id: 'count-sqlite',
    title: 'Count of the rows under a condition, cached, memory on SQLite, each hit checked against the file',
    work: 'count',
    lanes: 1,
    contenders: ['better-sqlite3 prepared', onSqlite],
    targets: [],
  },
  {
    id: 'hydrate-postgres',
    title: 'Hydration of 10,000 rows, no cache, PostgreSQL',
    work: 'all',
    lanes: 1,
    contenders: [
      'pg prepared',
      'moneyclip, cache off',
      'knex, PostgreSQL',
      'Kysely',
      'Drizzle cache',
      'Objection',
      'MikroORM result cache',
      'TypeORM ioredis cache',
    ],
    targets: [],
  },
  {
    id: 'hydrate-sqlite',
    title: 'Hydration of 10,000 rows, no cache, SQLite',
    work: 'all',
    lanes: 1,
    contenders: ['better-sqlite3 prepared', onSqlite, 'knex, SQLite'],
    targets: [],
  },
  {
    id: 'compile',
    title: 'Building a query and its text, nobody is asked',
    work: 'compile',
    lanes: 1,
    contenders: [
      'knex, PostgreSQL',
      'moneyclip, cache off',
      'Kysely',
      'Drizzle cache',
      'Objection',
      'MikroORM result cache',
      'TypeORM ioredis cache',
    ],
    targets: [],
  },
];
