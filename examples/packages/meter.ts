import { setImmediate } from 'node:timers/promises';
import type { Database } from 'moneyclip';
import type { CountingRedis } from './counting-redis.js';

/** What one phase cost. */
export interface Measurement {
  readonly phase: string;
  /** Rows and computed values that were asked for. */
  readonly reads: number;
  readonly fromCache: number;
  readonly fromDatabase: number;
  readonly statements: number;
  /** Undefined where the cache is not Redis. */
  readonly commands: number | undefined;
  readonly ms: number;
}

interface Counts {
  readonly fromCache: number;
  readonly fromDatabase: number;
  readonly statements: number;
  readonly commands: number | undefined;
}

/** Measures phases, and keeps the measurements. */
export class Meter {
  readonly measurements: Measurement[] = [];
  readonly #db: Database;
  readonly #redis: CountingRedis | undefined;
  #plainStatements = 0;

  constructor(db: Database, redis: CountingRedis | undefined) {
    this.#db = db;
    this.#redis = redis;
    db.knex.on('query', () => (this.#plainStatements += 1)); // SQL that does not go through the library
  }

  /** Runs one phase, notes what it cost, and answers its result. */
  async measure<T>(phase: string, work: () => Promise<T>): Promise<T> {
    const before = this.#counts();
    const startedAt = performance.now();
    const result = await work();
    const ms = performance.now() - startedAt;
    await setImmediate(); // nobody waits for entries that are being stored: their commands belong to this phase
    this.measurements.push({ phase, ms, ...difference(before, this.#counts()) });
    return result;
  }

  #counts(): Counts {
    const { hits, misses, bypasses, statements } = this.#db.stats();
    return {
      fromCache: hits,
      fromDatabase: misses + bypasses,
      statements: statements + this.#plainStatements,
      commands: this.#redis?.commands,
    };
  }
}

function difference(before: Counts, after: Counts): Counts & { readonly reads: number } {
  const fromCache = after.fromCache - before.fromCache;
  const fromDatabase = after.fromDatabase - before.fromDatabase;
  return {
    reads: fromCache + fromDatabase,
    fromCache,
    fromDatabase,
    statements: after.statements - before.statements,
    commands: after.commands === undefined ? undefined : after.commands - (before.commands ?? 0),
  };
}
