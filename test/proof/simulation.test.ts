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
    const { status, output } = simulated('--smoke', '--steps', '8000');
    expect(status, output).to.equal(0);
    expect(output.match(/^\| (?:alone|calm|gusts|storm) .* 0 \|$/gm), output).to.have.length(4);
  });

  it('notices every mutant', () => {
    const { status, output } = simulated('--mutants');
    expect(status, output).to.equal(0);
    expect(output).to.contain('`join-by-key`').and.not.contain('an open question');
  });
});
