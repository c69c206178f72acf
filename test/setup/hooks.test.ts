import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MOCHA = fileURLToPath(new URL('../../node_modules/mocha/bin/mocha.js', import.meta.url));
const SKIPS = fileURLToPath(new URL('./fixtures/skips.ts', import.meta.url));

function runSkips(ci: string): { status: number | null; stdout: string } {
  return spawnSync(process.execPath, [MOCHA, SKIPS], { env: { ...process.env, CI: ci }, encoding: 'utf8' });
}

describe('skipped tests', () => {
  it('fail the run in CI, and are named', () => {
    const { status, stdout } = runSkips('true');
    expect(status).not.to.equal(0);
    expect(stdout).to.include('CI skips nothing, but these tests were skipped:');
    expect(stdout)
      .to.include('a suite is skipped where it stands\n')
      .and.to.include('a suite is skipped while it runs\n');
  });

  it('pass elsewhere', () => {
    const { status, stdout } = runSkips('');
    expect(stdout).to.match(/1 passing[^]*2 pending/);
    expect(status).to.equal(0);
  });
});
