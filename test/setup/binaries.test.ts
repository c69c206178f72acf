import { expect } from 'chai';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binaryFolder, type Host } from './binaries.js';
import { temporaryFolder } from './temporary-folder.js';

/** Notes what it is asked and under which policy, and installs a redis-server beside itself; its PATH holds nothing. */
const APT_GET = `#!/bin/sh
here=\${0%/*}
{ read -r first; read -r policy; } < "$here/policy"
echo "$* policy=$policy" >> "$here/log"
[ "$1" = install ] && /bin/cp "$0" "$here/redis-server"
exit 0
`;

function emptyHost(isRoot: boolean): Host {
  const folder = temporaryFolder('host');
  return { path: folder, isRoot, policyFile: join(folder, 'policy') };
}

function hostWithApt(isRoot: boolean): Host {
  const host = emptyHost(isRoot);
  writeFileSync(join(host.path, 'apt-get'), APT_GET, { mode: 0o755 });
  return host;
}

describe('finding the programs of servers', () => {
  it('says what to install where that cannot be done here', () => {
    expect(() => binaryFolder('redis', emptyHost(true))).to.throw(
      'The tests need Redis 7 or later, and found no redis-server in PATH or /usr/lib/postgresql/*/bin. ' +
        'Install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis), ' +
        'or name a running server in REDIS_URL; tests that stop servers need the programs all the same.',
    );
  });

  it('installs them as root, and forbids their services to start meanwhile', () => {
    const host = hostWithApt(true);
    expect(binaryFolder('redis', host)).to.equal(host.path);
    expect(readFileSync(join(host.path, 'log'), 'utf8').trim().split('\n')).to.deep.equal([
      'update -q policy=exit 101',
      'install -q -y --no-install-recommends redis-server policy=exit 101',
    ]);
    expect(existsSync(host.policyFile)).to.equal(false);
  });

  it('installs nothing for a user who is not root', () => {
    const host = hostWithApt(false);
    expect(() => binaryFolder('redis', host)).to.throw('apt-get install redis-server');
    expect(existsSync(join(host.path, 'log'))).to.equal(false);
  });
});
