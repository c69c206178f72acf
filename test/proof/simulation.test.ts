import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'mocha';

/** In a process of its own: the simulation loads the library several times over, which mocha's loader does not allow. */
function simulated(...options: readonly string[]): { readonly status: number | null; readonly output: string } {
  const program = ['--import', 'tsx', 'tools/simulation/main.ts', ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

describe('the simulation', function () {
  this.timeout(300_000);

  it('breaks no promise and goes the same way twice', () => {
    const { status, output } = simulated('--smoke', '--steps', '4000');
    expect(status, output).to.equal(0);
    expect(output.match(/^\| [a-z ]+ \| {5}2 \| .* 0 \|$/gm), output).to.have.length(11);
  });

  it('notices every mutant of the plain level', () => {
    const { status, output } = simulated('--mutants', '--weather', 'calm', '--weather', 'storm');
    expect(status, output).to.equal(0);
    expect(output).to.contain('`join-by-key`').and.not.contain('an open question');
  });

  /** Those that soon show; `npm run simulate -- --mutants` takes all. */
  const soon = ['gateAtHit', 'outbox', 'dropBeforeRenewal', 'beat', 'marks'];

  it('notices mutants of the levels above it', () => {
    const { status, output } = simulated(...soon.flatMap((name) => ['--mutant', name]));
    expect(status, output).to.equal(0);
    expect(output.match(/noticed|steps \(/g), output).to.have.length(soon.length + 1);
  });
});
