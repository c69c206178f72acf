import { join } from 'node:path';
import pg from 'pg';
import { startPostgres, type TestServer } from '../../../test/setup/servers.js';
import type { Work } from '../workload/application.js';
import type { Options } from '../options.js';
import { ApplicationProcess } from './application-process.js';
import { Observer } from './observer.js';
import { RedisServer } from './redis-server.js';
import { prepareDatabase } from './schema.js';
import { SpoilableProxy } from './spoilable-proxy.js';

const prefix = 'torture:';
const writesOfProcess = 1_000_000;
/** So that a writer that waits for one who waits for it does not wait for long. */
const postgresSettings = { deadlock_timeout: '50ms', synchronous_commit: 'on' };

/** A place for a process of the application: its ways to the servers, and who lives in it now. */
export class Place {
  readonly number: number;
  readonly toRedis: SpoilableProxy;
  readonly toPostgres: SpoilableProxy;
  /** Undefined while nobody lives there. */
  application: ApplicationProcess | undefined;

  constructor(number: number, toRedis: SpoilableProxy, toPostgres: SpoilableProxy) {
    this.number = number;
    this.toRedis = toRedis;
    this.toPostgres = toPostgres;
  }

  mend(): void {
    this.toRedis.mend();
    this.toPostgres.mend();
  }
}

/** Everything that runs: servers, proxies, processes of the application, and who looks at what is committed. */
export class World {
  readonly options: Options;
  readonly folder: string;
  readonly postgres: TestServer;
  readonly places: readonly Place[];
  readonly observer: Observer;
  /** The Redis that is the master, and after a failover the other one. */
  redis: RedisServer;
  spare: RedisServer;
  #begun = 0;

  private constructor(options: Options, folder: string, parts: Parts) {
    this.options = options;
    this.folder = folder;
    this.postgres = parts.postgres;
    this.redis = parts.redis;
    this.spare = parts.spare;
    this.places = parts.places;
    this.observer = new Observer(parts.postgres.url);
  }

  static async open(options: Options, folder: string): Promise<World> {
    const [postgres, redis, spare] = await Promise.all([
      startPostgres({ settings: postgresSettings }),
      RedisServer.start(),
      RedisServer.start(),
    ]);
    const places = await Promise.all(
      Array.from({ length: options.processes }, async (_, number) => {
        return new Place(number, await SpoilableProxy.start(redis.port), await SpoilableProxy.start(postgres.port));
      }),
    );
    const world = new World(options, folder, { postgres, redis, spare, places });
    const client = new pg.Client(postgres.url);
    await client.connect();
    await prepareDatabase(postgres.url, client, options.level);
    await client.end();
    world.observer.start();
    return world;
  }

  /** Lets a new process of the application move in, and begin if the others have begun. */
  async moveIn(place: Place): Promise<void> {
    this.#begun += 1;
    const { level, seed, readers, writers, pauseMs, writePauseMs, windowMs, peer } = this.options;
    place.application = await ApplicationProcess.open(
      {
        database: `postgres://moneyclip@127.0.0.1:${place.toPostgres.port}/postgres`,
        redis: `redis://127.0.0.1:${place.toRedis.port}`,
        prefix,
        level,
        seed: seed + this.#begun,
        firstWrite: this.#begun * writesOfProcess,
        history: join(this.folder, `process-${this.#begun}.jsonl`),
        readers,
        writers,
        pauseMs,
        writePauseMs,
        windowMs,
        peer,
      },
      this.options,
    );
  }

  /** Numbers for the writes of somebody who is no process of the application. */
  numbersForWrites(): number {
    this.#begun += 1;
    return this.#begun * writesOfProcess;
  }

  /** Puts everything back as it was: what is stopped goes on, what is away comes back, connections are let through. */
  async mend(): Promise<void> {
    for (const place of this.places) {
      place.mend();
      place.application?.resume();
    }
    if (!this.postgres.process.isRunning) await this.postgres.process.start();
    for (const place of this.places) {
      if (place.application?.isRunning) continue;
      await this.moveIn(place);
      await place.application?.start();
    }
  }

  each<T>(act: (application: ApplicationProcess) => Promise<T>): Promise<T[]> {
    return Promise.all(this.places.flatMap(({ application }) => (application?.isRunning ? [act(application)] : [])));
  }

  async stopWork(): Promise<Work[]> {
    const works = await this.each((application) => this.#stop(application));
    return works.flatMap((work) => work ?? []);
  }

  /** Of this library every call ends in time; of others one that does not must not end the run. */
  async #stop(application: ApplicationProcess): Promise<Work | undefined> {
    try {
      return await application.stop();
    } catch (error) {
      if (this.options.peer === undefined) throw error;
      await application.kill();
      return undefined;
    }
  }

  /** Ends everything that was started, in whatever state it is. */
  async close(): Promise<void> {
    await this.observer.stop();
    await Promise.allSettled(
      this.places.map(async ({ application, toRedis, toPostgres }) => {
        await application?.kill();
        await Promise.all([toRedis.close(), toPostgres.close()]);
      }),
    );
    await Promise.allSettled([this.postgres.kill(), this.redis.server.kill(), this.spare.server.kill()]);
  }
}

interface Parts {
  readonly postgres: TestServer;
  readonly redis: RedisServer;
  readonly spare: RedisServer;
  readonly places: readonly Place[];
}
