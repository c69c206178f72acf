import { expect } from 'chai';
import { faultNamed } from '../../tools/torture/faults/catalogue.js';
import type { Options } from '../../tools/torture/options.js';
import { brokenPromises, report, sumOf } from '../../tools/torture/report.js';
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

  const runs: readonly { readonly name: string; readonly settings: Partial<Options> }[] = [
    { name: 'at the plain level while Redis takes writes', settings: {} },
    {
      name: 'at the guarded level whatever fails',
      settings: {
        level: 'guarded',
        faults: ['app-kill-before-invalidation', 'plain-sql', 'redis-rdb'].map(faultNamed),
        processes: 2,
        calmMs: 3000,
        windowMs: 1500,
      },
    },
  ];

  for (const { name, settings } of runs) {
    it(`shows nothing outdated ${name}`, async function () {
      this.timeout(120_000);
      const asked = { ...options, ...settings };
      const result = await torture(asked, temporaryFolder('torture'), () => undefined);
      const { injections, hits } = sumOf(result.checker.tallies);
      expect(result.notInjected).to.eql([]);
      expect(injections).to.be.greaterThan(1);
      expect(hits).to.be.greaterThan(20);
      expect(result.writes.acknowledged).to.be.greaterThan(5);
      expect(brokenPromises(result, asked), `TORTURE_SEED=${seed}\n${report(result, asked)}`).to.equal(0);
    });
  }
});
