/** Something that is measured. */
export interface ContenderSpec {
  readonly name: string;
  /** The module below `contenders/` or `peers/` that opens it. */
  readonly module: string;
  readonly variant: string;
  /** Whether it answers dates as Dates and JSON as values; if not, it answers what JSON.parse gives. */
  readonly hydrates: boolean;
}

const hydrated = (name: string, module: string, variant = ''): ContenderSpec => ({
  name,
  module,
  variant,
  hydrates: true,
});
const parsed = (name: string, module: string, variant = ''): ContenderSpec => ({
  name,
  module,
  variant,
  hydrates: false,
});

/** Everything that can take part, by hand and by library. */
export const catalogue: readonly ContenderSpec[] = [
  parsed('raw', 'contenders/raw-redis', 'get'),
  parsed('raw MGET per tick', 'contenders/raw-redis', 'mget'),
  parsed('stamps by hand (limit)', 'contenders/stamps-by-hand'),
  hydrated('moneyclip, Redis', 'contenders/moneyclip', 'postgres+redis'),
  hydrated('moneyclip, Redis, prefetch', 'contenders/moneyclip', 'postgres+redis+prefetch'),
  hydrated('moneyclip, Redis, foreign keys', 'contenders/moneyclip', 'postgres+redis+foreign keys'),
  hydrated('moneyclip, Redis, 10 lists', 'contenders/moneyclip', 'postgres+redis+10'),
  hydrated('moneyclip, Redis, 10,000 lists', 'contenders/moneyclip', 'postgres+redis+10000'),
  hydrated('moneyclip, memory', 'contenders/moneyclip', 'postgres+memory'),
  hydrated('moneyclip, memory, after a computation', 'contenders/moneyclip', 'postgres+memory+tracked'),
  hydrated('moneyclip, cache off', 'contenders/moneyclip', 'postgres+off'),
  hydrated('moneyclip, SQLite + memory', 'contenders/moneyclip', 'sqlite+memory'),
  parsed('lru-cache (limit)', 'contenders/lru'),
  hydrated('pg prepared', 'contenders/prepared-statement', 'postgres'),
  parsed('better-sqlite3 prepared', 'contenders/prepared-statement', 'sqlite'),
  hydrated('knex, PostgreSQL', 'contenders/knex-builder', 'postgres'),
  parsed('knex, SQLite', 'contenders/knex-builder', 'sqlite'),
  parsed('cache-manager, Redis', 'peers/cache-manager', 'redis'),
  parsed('cache-manager, memory + Redis', 'peers/cache-manager', 'memory+redis'),
  parsed('BentoCache, Redis', 'peers/bentocache', 'redis'),
  parsed('BentoCache, memory + Redis', 'peers/bentocache', 'memory+redis'),
  hydrated('sequelize-transparent-cache', 'peers/sequelize'),
  hydrated('Drizzle cache', 'peers/drizzle'),
  hydrated('MikroORM result cache', 'peers/mikro-orm'),
  hydrated('TypeORM ioredis cache', 'peers/typeorm'),
  hydrated('Objection', 'peers/objection'),
  hydrated('Kysely', 'peers/kysely'),
  hydrated('p-memoize', 'peers/p-memoize'),
  hydrated('dataloader over knex', 'peers/dataloader'),
];

/** Whether a contender needs what bench/package.json installs. */
export function isPeer(name: string): boolean {
  return catalogue.some((spec) => spec.name === name && spec.module.startsWith('peers/'));
}
