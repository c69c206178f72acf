import { expect } from 'chai';
import { faultNamed } from '../../tools/torture/faults/catalogue.js';
import type { Options } from '../../tools/torture/options.js';
import { brokenPromises, report } from '../../tools/torture/report.js';
import { torture } from '../../tools/torture/run.js';
import { temporaryFolder } from '../setup/temporary-folder.js';
import { Random } from '../support/random.js';

/** A short run of `npm run torture`, so that neither the library nor the harness breaks unseen. */
describe('an application under torture', () => {
  const { seed } = Random.fromEnvironment('TORTURE_SEED');
  const options: Options = {
    level: 'plain',
    seconds: 15,
    seed,
    processes: 3,
    faults: ['redis-flush', 'redis-full', 'app-stop-before-invalidation', 'postgres-terminate'].map(faultNamed),
    readers: 4,
    writers: 2,
    pauseMs: 10,
    writePauseMs: 100,
    calmMs: 0,
    gapMs: 500,
    windowMs: 3000,
    mutant: undefined,
    heldUp: {},
    peer: undefined,
    out: undefined,
  };

  it('shows nothing outdated at the plain level while Redis takes writes', async function () {
    this.timeout(120_000);
    const result = await torture(options, temporaryFolder('torture'), () => undefined);
    const tallies = [...result.checker.tallies.values()];
    const sum = (of: (tally: (typeof tallies)[number]) => number): number =>
      tallies.reduce((total, tally) => total + of(tally), 0);
    expect(result.notInjected).to.eql([]);
    expect(sum(({ injections }) => injections)).to.be.greaterThan(1);
    expect(sum(({ hits }) => hits)).to.be.greaterThan(20);
    expect(result.writes.acknowledged).to.be.greaterThan(5);
    expect(brokenPromises(result, options), `TORTURE_SEED=${seed}\n${report(result, options)}`).to.equal(0);
  });
});
