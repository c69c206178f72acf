import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { startPostgres, startRedis } from '../test/setup/servers.js';
import { temporaryFolder } from '../test/setup/temporary-folder.js';
import type { World } from './contender.js';
import { seedPostgres, seedSqlite } from './seed.js';

/** The servers of one run, and where the contenders run. */
export interface Stage {
  /** What the contender with this number sees. */
  world(index: number): World;
  /** Puts a command on the core that the servers do not use, where that is possible. */
  readonly launcher: readonly string[];
  close(): Promise<void>;
}

/** Starts a PostgreSQL, a Redis and a SQLite file of our own, filled, the servers on one core. */
export async function setStage(contenders: number): Promise<Stage> {
  const [postgres, redis] = await Promise.all([
    startPostgres({ settings: { shared_buffers: '256MB' } }),
    startRedis({ settings: { databases: Math.max(16, contenders) } }),
  ]);
  const sqliteFile = join(temporaryFolder('bench'), 'bench.db');
  const pinned = canPin();
  if (pinned) for (const { process } of [postgres, redis]) pin(process.pid);
  await seedPostgres(postgres.url);
  const file = seedSqlite(sqliteFile);
  return {
    world: (index) => ({ postgresUrl: postgres.url, sqliteFile, redisUrl: `${redis.url}/${index}` }),
    launcher: pinned ? ['taskset', '-c', '1'] : [],
    close: async () => {
      file.close();
      await Promise.all([postgres.kill(), redis.kill()]);
    },
  };
}

/** Children that PostgreSQL forks later stay on the core of their parent. */
function pin(pid: number): void {
  execFileSync('taskset', ['-a', '-p', '-c', '0', String(pid)], { stdio: 'ignore' });
}

function canPin(): boolean {
  if (availableParallelism() < 2) return false;
  try {
    execFileSync('taskset', ['-c', '1', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
