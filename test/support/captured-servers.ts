import { after, afterEach, before, beforeEach } from 'mocha';
import pg from 'pg';
import { connect, type ConnectOptions, type Database } from '../../src/index.js';
import { freshPrefix } from '../setup/fresh.js';
import { startPostgres, startRedis, type TestServer } from '../setup/servers.js';
import { createCaptured } from './captured.js';
import { shelfModels } from './captured-models.js';
import { freshBooks } from './first-book.js';

/** Servers of the tests around that these may stop, with books on a shelf, and what each test opens on them. */
export class CapturedServers {
  readonly opened: Database[] = [];
  readonly #redisSettings: Readonly<Record<string, string>>;
  #postgres: TestServer | undefined;
  #redis: TestServer | undefined;
  #other: pg.Client | undefined;
  #prefix = '';

  /** Starts them before the tests of the suite in which it is made, and gives each test a prefix and the books afresh. */
  constructor(redisSettings: Readonly<Record<string, string>> = {}) {
    this.#redisSettings = redisSettings;
    before(() => this.#start());
    after(() => this.#stop());
    beforeEach(async () => {
      this.#prefix = freshPrefix();
      await freshBooks(this.other);
    });
    afterEach(async () => {
      for (const db of this.opened.splice(0)) await db.close().catch(() => undefined); // their servers may be away
    });
  }

  get postgres(): TestServer {
    return started(this.#postgres);
  }

  get redis(): TestServer {
    return started(this.#redis);
  }

  /** Somebody who writes past the library. */
  get other(): pg.Client {
    return started(this.#other);
  }

  /** Of the test that runs. */
  get prefix(): string {
    return this.#prefix;
  }

  /** Opens a process with a relay that works often, unless it is told otherwise. */
  async open(options: Partial<ConnectOptions>): Promise<Database> {
    const { postgres, redis, prefix } = this;
    const capture = { pollMs: 5, checkMs: 100 };
    const db = await connect({ database: postgres.url, cache: redis.url, prefix, capture, ...options });
    this.opened.push(db);
    return db;
  }

  async #start(): Promise<void> {
    [this.#postgres, this.#redis] = await Promise.all([startPostgres(), startRedis({ settings: this.#redisSettings })]);
    await createCaptured(this.postgres.url, shelfModels);
    this.#other = new pg.Client(this.postgres.url);
    await this.#other.connect();
  }

  async #stop(): Promise<void> {
    await this.#other?.end();
    await Promise.all([this.#postgres?.kill(), this.#redis?.kill()]);
  }
}

function started<Server>(server: Server | undefined): Server {
  if (server === undefined) throw new RangeError('it is started before the tests');
  return server;
}
