import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where the programs of the two servers may be, and which Debian package holds them. */
const LOCATIONS = {
  postgres: { programs: ['postgres', 'initdb'], debianPackage: 'postgresql', hint: 'PostgreSQL 13 or later' },
  redis: { programs: ['redis-server', 'redis-cli'], debianPackage: 'redis-server', hint: 'Redis 6.2 or later' },
} as const;

/** The servers that tests run. */
export type ServerName = keyof typeof LOCATIONS;

/** The folder that holds the server's programs; installs them first where that is possible. */
export function binaryFolder(server: ServerName): string {
  const found = findFolder(server);
  if (found) return found;
  const { programs, debianPackage, hint } = LOCATIONS[server];
  if (canInstall()) installDebianPackage(debianPackage);
  const installed = findFolder(server);
  if (installed) return installed;
  throw new Error(
    `The tests need ${hint}, and found no ${programs.join(' and ')} in PATH or /usr/lib/postgresql/*/bin. ` +
      `Install it (Debian and Ubuntu: apt-get install ${debianPackage}; macOS: brew install ${server === 'redis' ? 'redis' : 'postgresql'}), ` +
      `or name a running server in ${server === 'redis' ? 'REDIS_URL' : 'DATABASE_URL'}.`,
  );
}

function findFolder(server: ServerName): string | undefined {
  const { programs } = LOCATIONS[server];
  const inPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = server === 'postgres' ? [...debianPostgresFolders(), ...inPath] : inPath;
  return candidates.find((folder) => programs.every((program) => isExecutable(join(folder, program))));
}

/** Debian keeps each major version's programs apart and out of PATH; the newest first. */
function debianPostgresFolders(): string[] {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  const newestFirst = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return newestFirst.map((version) => join(root, version, 'bin'));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function canInstall(): boolean {
  const inPath = (process.env['PATH'] ?? '').split(delimiter);
  return process.getuid?.() === 0 && inPath.some((folder) => isExecutable(join(folder, 'apt-get')));
}

/** Installs without starting the service that the package brings: a policy of 101 forbids it, as containers have it. */
function installDebianPackage(name: string): void {
  const policy = '/usr/sbin/policy-rc.d';
  const ownPolicy = !existsSync(policy);
  if (ownPolicy) {
    writeFileSync(policy, '#!/bin/sh\nexit 101\n');
    chmodSync(policy, 0o755);
  }
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, stdio: 'inherit' } as const;
  try {
    execFileSync('apt-get', ['update', '-q'], options);
    execFileSync('apt-get', ['install', '-q', '-y', '--no-install-recommends', name], options);
  } finally {
    if (ownPolicy) rmSync(policy, { force: true });
  }
}
