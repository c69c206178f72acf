import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where the programs of the servers may be, and which Debian package holds them. */
const LOCATIONS = {
  postgresql: {
    programs: ['postgres', 'initdb'],
    debianPackage: 'postgresql',
    hint: 'PostgreSQL 13 or later',
    variable: 'DATABASE_URL',
  },
  redis: {
    programs: ['redis-server'],
    debianPackage: 'redis-server',
    hint: 'Redis 7 or later',
    variable: 'REDIS_URL',
  },
  pgbouncer: {
    programs: ['pgbouncer'],
    debianPackage: 'pgbouncer',
    hint: 'PgBouncer',
    variable: undefined,
  },
} as const;

/** The servers that tests run. */
export type ServerName = keyof typeof LOCATIONS;

/** What of a machine decides where programs are and whether they can be installed. */
export interface Host {
  /** Folders of programs, separated as in PATH. */
  readonly path: string;
  readonly isRoot: boolean;
  /** Tells Debian's packages whether they may start their services. */
  readonly policyFile: string;
}

const thisHost: Host = {
  path: process.env['PATH'] ?? '',
  isRoot: process.getuid?.() === 0,
  policyFile: '/usr/sbin/policy-rc.d',
};

/** The folder that holds the server's programs; installs them first where that is possible. */
export function binaryFolder(server: ServerName, host = thisHost): string {
  const found = findFolder(server, host);
  if (found) return found;
  const { programs, debianPackage, hint, variable } = LOCATIONS[server];
  if (canInstall(host)) installDebianPackage(debianPackage, host);
  const installed = findFolder(server, host);
  if (installed) return installed;
  throw new Error(
    `The tests need ${hint}, and found no ${programs.join(' and ')} in PATH or /usr/lib/postgresql/*/bin. ` +
      `Install it (Debian, Ubuntu: apt-get install ${debianPackage}; macOS: brew install ${server})` +
      (variable
        ? `, or name a running server in ${variable}; tests that stop servers need the programs all the same.`
        : '.'),
  );
}

function findFolder(server: ServerName, host: Host): string | undefined {
  const { programs } = LOCATIONS[server];
  const debian = server === 'postgresql' ? debianPostgresFolders() : server === 'pgbouncer' ? ['/usr/sbin'] : [];
  const candidates = [...debian, ...folders(host)];
  return candidates.find((folder) => programs.every((program) => isExecutable(join(folder, program))));
}

function folders(host: Host): string[] {
  return host.path.split(delimiter).filter((folder) => folder !== '');
}

/** Debian keeps each major version's programs apart and out of PATH; the newest first. */
function debianPostgresFolders(): string[] {
  const parent = '/usr/lib/postgresql';
  if (!existsSync(parent)) return [];
  const newestFirst = readdirSync(parent).sort((a, b) => Number(b) - Number(a));
  return newestFirst.map((version) => join(parent, version, 'bin'));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function canInstall(host: Host): boolean {
  return host.isRoot && folders(host).some((folder) => isExecutable(join(folder, 'apt-get')));
}

/** Installs without starting the service that the package brings: a policy of 101 forbids it, as containers have it. */
function installDebianPackage(name: string, { path, policyFile }: Host): void {
  const ownPolicy = !existsSync(policyFile);
  if (ownPolicy) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const env = { ...process.env, PATH: path, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    execFileSync('apt-get', ['update', '-q'], { env, stdio: 'inherit' });
    execFileSync('apt-get', ['install', '-q', '-y', '--no-install-recommends', name], { env, stdio: 'inherit' });
  } finally {
    if (ownPolicy) rmSync(policyFile, { force: true });
  }
}
