import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { binaryFolder } from './binaries.js';
import { freePort } from './free-port.js';
import { ServerProcess, type ServerCommand } from './server-process.js';
import { temporaryFolder, type UnprivilegedUser } from './temporary-folder.js';

const START_ATTEMPTS = 3;

/** Settings by their names in the server's own configuration. */
export type ServerSettings = Readonly<Record<string, string | number>>;

/** A private server on a free loopback port, with its own data. */
export interface TestServer {
  readonly port: number;
  readonly url: string;
  readonly process: ServerProcess;
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** SIGKILL, also for what it started. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): Promise<void>;
  /** SIGCONT. */
  resume(): Promise<void>;
  /** Stops it if it runs, and starts it again on the same port and data. */
  restart(): Promise<void>;
}

/** Options of `startPostgres`. */
export interface PostgresOptions {
  /** For instance `{ max_connections: 5 }`. */
  readonly settings?: ServerSettings;
}

/** Options of `startRedis`. */
export interface RedisOptions {
  /** For instance `{ maxmemory: '2mb', appendonly: 'yes' }`. Nothing is written to disk by default. */
  readonly settings?: ServerSettings;
  /** Further arguments of the command line. */
  readonly args?: readonly string[];
}

/** Starts a PostgreSQL of its own; its superuser `moneyclip` needs no password, and `url` names the database `postgres`. */
export async function startPostgres(options: PostgresOptions = {}): Promise<TestServer> {
  const programs = binaryFolder('postgresql');
  const user = unprivilegedUser();
  const folder = temporaryFolder('postgres', user);
  const initdb = ['-D', folder, '-U', 'moneyclip', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  await promisify(execFile)(join(programs, 'initdb'), initdb, { cwd: folder, ...user });
  return startOnFreePort((port) => ({
    command: {
      program: join(programs, 'postgres'),
      args: ['-D', folder, ...postgresSettings(port, options.settings)],
      folder,
      user,
      ready: /database system is ready to accept connections/,
      stopSignal: 'SIGINT',
    },
    url: `postgres://moneyclip@127.0.0.1:${port}/postgres`,
  }));
}

/** Starts a hot standby of a PostgreSQL: it follows the primary and takes no writes. */
export async function startStandby(primary: TestServer): Promise<TestServer> {
  const programs = binaryFolder('postgresql');
  const user = unprivilegedUser();
  const folder = temporaryFolder('standby', user);
  const from = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'moneyclip', '--checkpoint=fast', '--no-sync'];
  const copy = [...from, '-D', folder, '--write-recovery-conf'];
  await promisify(execFile)(join(programs, 'pg_basebackup'), copy, { cwd: folder, ...user });
  return startOnFreePort((port) => ({
    command: {
      program: join(programs, 'postgres'),
      args: ['-D', folder, ...postgresSettings(port)],
      folder,
      user,
      ready: /database system is ready to accept read-only connections/,
      stopSignal: 'SIGINT',
    },
    url: `postgres://moneyclip@127.0.0.1:${port}/postgres`,
  }));
}

/** Starts a PgBouncer that gives each transaction whatever connection to a PostgreSQL is free; at most `connections`. */
export async function startPooler(postgres: TestServer, connections: number): Promise<TestServer> {
  const programs = binaryFolder('pgbouncer');
  const user = unprivilegedUser();
  const folder = temporaryFolder('pgbouncer', user);
  return startOnFreePort((port) => {
    const file = join(folder, `${port}.ini`);
    const settings = {
      listen_addr: '127.0.0.1',
      listen_port: port,
      auth_type: 'any',
      pool_mode: 'transaction',
      default_pool_size: connections,
      max_client_conn: 100,
      unix_socket_dir: '',
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
    const target = `postgres = host=127.0.0.1 port=${postgres.port} user=moneyclip dbname=postgres`;
    writeFileSync(file, ['[databases]', target, '[pgbouncer]', ...lines, ''].join('\n'));
    const command = { program: join(programs, 'pgbouncer'), args: [file], folder, user, ready: /process up/ };
    return {
      command: { ...command, stopSignal: 'SIGINT' },
      url: `postgres://moneyclip@127.0.0.1:${port}/postgres`,
    };
  });
}

/** Starts a Redis of its own. */
export async function startRedis(options: RedisOptions = {}): Promise<TestServer> {
  const programs = binaryFolder('redis');
  const folder = temporaryFolder('redis');
  return startOnFreePort((port) => ({
    command: {
      program: join(programs, 'redis-server'),
      args: [...redisSettings(port, folder, options.settings), ...(options.args ?? [])],
      folder,
      ready: /Ready to accept connections/,
      stopSignal: 'SIGTERM',
    },
    url: `redis://127.0.0.1:${port}`,
  }));
}

/** Starts a Sentinel that watches a Redis under the name `main`; its `url` is that of the Sentinel. */
export async function startSentinel(master: TestServer): Promise<TestServer> {
  const programs = binaryFolder('redis');
  const folder = temporaryFolder('sentinel');
  return startOnFreePort((port) => {
    const file = join(folder, `${port}.conf`); // which a Sentinel writes to
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor main 127.0.0.1 ${master.port} 1`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const args = [file, '--sentinel'];
    const command = { program: join(programs, 'redis-server'), args, folder, ready: /Sentinel ID is/ };
    return { command: { ...command, stopSignal: 'SIGTERM' }, url: `redis://127.0.0.1:${port}` };
  });
}

interface Launch {
  readonly command: ServerCommand;
  readonly url: string;
}

/** Tries other ports when somebody else took the first one. */
async function startOnFreePort(launchOn: (port: number) => Launch): Promise<TestServer> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const { command, url } = launchOn(port);
    const server = new ServerProcess(command);
    try {
      await server.start();
      return testServer(server, port, url);
    } catch (error) {
      if (attempt === START_ATTEMPTS || !/address already in use/i.test(server.log)) throw error;
    }
  }
}

function testServer(server: ServerProcess, port: number, url: string): TestServer {
  return {
    port,
    url,
    process: server,
    stop: () => server.stop(),
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    restart: () => server.restart(),
  };
}

function postgresSettings(port: number, settings: ServerSettings = {}): string[] {
  const all: ServerSettings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    autovacuum: 'off',
    max_connections: 200,
    max_wal_size: '512MB',
    timezone: 'UTC',
    ...settings,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function redisSettings(port: number, folder: string, settings: ServerSettings = {}): string[] {
  const all: ServerSettings = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no', ...settings };
  return Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** PostgreSQL refuses to run as root: there it runs as `postgres`, or as `nobody` where there is no such user. */
function unprivilegedUser(): UnprivilegedUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const name = ['postgres', 'nobody'].find((candidate) => idOf(candidate, '-u') !== undefined);
  const uid = name && idOf(name, '-u');
  const gid = name && idOf(name, '-g');
  if (!uid || !gid) {
    throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody.');
  }
  return { uid, gid };
}

function idOf(user: string, which: '-u' | '-g'): number | undefined {
  try {
    return Number(execFileSync('id', [which, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return undefined;
  }
}
