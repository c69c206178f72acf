import { freshDatabase, freshPrefix, type DatabaseKind } from './fresh.js';
import { sharedRedisUrl } from './shared-servers.js';

/** A database and a cache that every feature must work on. */
export interface Combination {
  readonly name: string;
  readonly database: DatabaseKind;
  readonly cache: 'memory' | 'redis';
}

/** What a test needs to open a connection on one combination. */
export interface OpenCombination extends Combination {
  /** The address of a new and empty database; a new one with each call. */
  databaseUrl(): Promise<string>;
  /** The address of the cache: `memory:`, or the shared Redis. */
  cacheUrl(): Promise<string>;
  /** A new prefix with each call, so that nobody finds the entries of others in the shared Redis. */
  freshPrefix(): string;
}

/** Every database with every cache. */
export const combinations: readonly Combination[] = [
  { name: 'SQLite file, memory', database: 'sqlite', cache: 'memory' },
  { name: 'SQLite file, Redis', database: 'sqlite', cache: 'redis' },
  { name: 'SQLite in memory, memory', database: 'sqlite-memory', cache: 'memory' },
  { name: 'SQLite in memory, Redis', database: 'sqlite-memory', cache: 'redis' },
  { name: 'PostgreSQL, memory', database: 'postgres', cache: 'memory' },
  { name: 'PostgreSQL, Redis', database: 'postgres', cache: 'redis' },
];

/** Describes the same tests once for every combination. */
export function forEachCombination(describeTests: (combination: OpenCombination) => void): void {
  for (const combination of combinations) {
    describe(`on ${combination.name}`, () => describeTests(openable(combination)));
  }
}

function openable(combination: Combination): OpenCombination {
  return {
    ...combination,
    databaseUrl: () => freshDatabase(combination.database),
    cacheUrl: async () => (combination.cache === 'redis' ? sharedRedisUrl() : 'memory:'),
    freshPrefix,
  };
}
