import { existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startRedis, type TestServer } from '../../../test/setup/servers.js';
import { temporaryFolder } from '../../../test/setup/temporary-folder.js';

/** What a Redis keeps on its disk. */
export type Persistence = 'nothing' | 'rdb' | 'aof';

/** A Redis of our own whose settings change when it is started again. */
export class RedisServer {
  readonly server: TestServer;
  readonly #settings: string;

  private constructor(server: TestServer, settings: string) {
    this.server = server;
    this.#settings = settings;
  }

  static async start(): Promise<RedisServer> {
    const settings = join(temporaryFolder('torture-redis'), 'redis.conf');
    writeFileSync(settings, settingsFor('nothing'));
    return new RedisServer(await startRedis({ args: ['--include', settings] }), settings);
  }

  get port(): number {
    return this.server.port;
  }

  /** Runs commands on a connection of their own. */
  async ask(...commands: readonly (readonly [string, ...string[]])[]): Promise<unknown[]> {
    const client = new Redis(this.port, { maxRetriesPerRequest: 0, retryStrategy: () => null, commandTimeout: 5000 });
    client.on('error', () => undefined);
    try {
      const answers: unknown[] = [];
      for (const [name, ...words] of commands) answers.push(await client.call(name, ...words));
      return answers;
    } finally {
      client.disconnect();
    }
  }

  /** Starts it again, after `kill`, with what lies on its disk. */
  async startAgain(persistence: Persistence): Promise<void> {
    writeFileSync(this.#settings, settingsFor(persistence));
    if (persistence !== 'rdb') this.#forget('dump.rdb');
    if (persistence !== 'aof') this.#forget('appendonlydir');
    await this.server.process.start();
  }

  /** A folder in the place of the snapshot's file: no snapshot can be written. */
  spoilSnapshots(): void {
    this.#forget('dump.rdb');
    mkdirSync(join(this.server.process.folder, 'dump.rdb', 'in the way'), { recursive: true });
  }

  mendSnapshots(): void {
    this.#forget('dump.rdb');
  }

  /** Takes the end off the log of commands, as a power cut does to what was not on the disk yet. */
  loseEndOfLog(mostBytes: number): void {
    const folder = join(this.server.process.folder, 'appendonlydir');
    const logs = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.incr.aof')) : [];
    for (const path of logs.map((name) => join(folder, name))) {
      truncateSync(path, Math.max(0, statSync(path).size - mostBytes));
    }
  }

  #forget(name: string): void {
    const path = join(this.server.process.folder, name);
    if (existsSync(path)) rmSync(path, { recursive: true, force: true });
  }
}

function settingsFor(persistence: Persistence): string {
  const appends = persistence === 'aof' ? 'appendonly yes\nappendfsync no\n' : 'appendonly no\n';
  return `save ""\n${appends}maxmemory-policy noeviction\nrepl-diskless-sync-delay 0\n`;
}
