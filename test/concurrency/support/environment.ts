import { Redis } from 'ioredis';
import { after, before, describe } from 'mocha';
import { connect, MemoryStore, RedisStore, type CacheStore, type Clock } from '../../../src/index.js';
import type { Database } from '../../../src/index.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { freshDatabase, freshPrefix } from '../../setup/fresh.js';
import { sharedRedisUrl } from '../../setup/shared-servers.js';
import { models } from './models.js';
import { ScriptedDatabase } from './scripted-database.js';
import { ScriptedStore } from './scripted-store.js';

/** What a script works on; set before the first test of its block. */
export class Environment {
  readonly databaseKind: 'sqlite' | 'postgres';
  readonly storeKind: 'memory' | 'asynchronous memory' | 'redis';
  readonly clock: Clock & FakeClock = new FakeClock();
  declare db: Database;
  declare databaseUrl: string;
  declare database: ScriptedDatabase;
  /** The store, where its operations can be stopped: not the memory of this process, which answers at once. */
  store: ScriptedStore | undefined;
  #redis: Redis | undefined;

  constructor(databaseKind: Environment['databaseKind'], storeKind: Environment['storeKind']) {
    this.databaseKind = databaseKind;
    this.storeKind = storeKind;
  }

  async open(): Promise<void> {
    this.databaseUrl = await freshDatabase(this.databaseKind);
    const cache = await this.#openStore();
    this.db = await connect({ database: this.databaseUrl, cache, prefix: freshPrefix(), clock: this.clock });
    await this.db.createTables(models);
    this.database = new ScriptedDatabase();
  }

  async close(): Promise<void> {
    await this.db.close();
    await this.#redis?.quit();
  }

  /** Resolves when every command that the store was given by now has been answered, and what follows from them too. */
  async settle(): Promise<void> {
    for (let round = 0; round < 4; round += 1) {
      await this.#redis?.ping();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #openStore(): Promise<CacheStore> {
    const memory = new MemoryStore({ clock: this.clock });
    if (this.storeKind === 'memory') return memory;
    this.store = new ScriptedStore(this.storeKind === 'redis' ? await this.#openRedis() : memory);
    return this.store;
  }

  async #openRedis(): Promise<CacheStore> {
    this.#redis = new Redis(await sharedRedisUrl());
    return new RedisStore(this.#redis);
  }
}

/** Describes the same scripts for both databases with each kind of store. */
export function forEachEnvironment(describeScripts: (environment: Environment) => void): void {
  for (const databaseKind of ['sqlite', 'postgres'] as const) {
    for (const storeKind of ['memory', 'asynchronous memory', 'redis'] as const) {
      describe(`on ${databaseKind} and ${storeKind}`, () => {
        const environment = new Environment(databaseKind, storeKind);
        before(() => environment.open());
        after(() => environment.close());
        describeScripts(environment);
      });
    }
  }
}
