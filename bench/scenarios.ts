import type { Work } from './contender.js';

/** A floor that this project sets itself: the ratio of `contender` to `to`. */
export interface Target {
  readonly contender: string;
  readonly to: string;
  readonly atLeast: number;
}

/** One table of the report. */
export interface Scenario {
  /** What `--only` matches from the start. */
  readonly id: string;
  readonly title: string;
  readonly work: Work;
  /** How many callers wait at the same time. */
  readonly lanes: number;
  /** Names in the catalogue; the first is what the others are compared with. */
  readonly contenders: readonly string[];
  readonly targets: readonly Target[];
}

const peers: readonly string[] = [];
const redis = ['raw', 'raw MGET per tick', 'moneyclip, Redis', ...peers];
const postgres = ['pg prepared', 'knex, PostgreSQL'];

export const scenarios: readonly Scenario[] = [
  {
    id: 'hit-redis-1',
    title: 'Hit by id, Redis, 1 at a time',
    work: 'read',
    lanes: 1,
    contenders: [...redis, ...postgres],
    targets: [{ contender: 'moneyclip, Redis', to: 'raw', atLeast: 0.9 }],
  },
  {
    id: 'hit-redis-64',
    title: 'Hit by id, Redis, 64 at a time',
    work: 'read',
    lanes: 64,
    contenders: [...redis, ...postgres],
    targets: [{ contender: 'moneyclip, Redis', to: 'raw', atLeast: 1.3 }],
  },
  {
    id: 'hit-memory',
    title: 'Hit by id, memory on PostgreSQL (nothing asks the database)',
    work: 'read',
    lanes: 1,
    contenders: ['raw', 'lru-cache (limit)', 'moneyclip, memory'],
    targets: [{ contender: 'moneyclip, memory', to: 'lru-cache (limit)', atLeast: 0.21 }],
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
];
