import { expect } from 'chai';
import { describe, it } from 'mocha';
import { explore } from '../../tools/model/explore.js';
import { Protocol } from '../../tools/model/protocol.js';
import type { Rule } from '../../tools/model/rules.js';
import { mutants, scenarios } from '../../tools/model/scenarios.js';

const maxStates = 300_000;

/** The bounds that are soon looked through, and the rules whose absence soon shows; `npm run model` takes all. */
describe('the model of the protocol', function () {
  this.timeout(120_000);

  it('keeps every promise of the plain level', () => {
    const { exhausted, violation } = explore(
      new Protocol({ bounds: scenarios.plain.bounds, without: undefined }),
      maxStates,
    );
    expect(violation).to.equal(undefined);
    expect(exhausted).to.equal(true);
  });

  it('keeps every promise of the guarded and strict levels, within small bounds', () => {
    const guarded = { ...scenarios.failover.bounds, ticks: 2, readers: 1, readsEach: 2 };
    const strict = { ...scenarios.strict.bounds, ticks: 1, readers: 2 };
    for (const bounds of [guarded, scenarios.suspension.bounds, strict]) {
      const { exhausted, violation } = explore(new Protocol({ bounds, without: undefined }), maxStates);
      expect(violation).to.equal(undefined);
      expect(exhausted).to.equal(true);
    }
  });

  const soon: readonly (readonly [Rule, string, number])[] = [
    ['acquireBeforeRead', 'P1', 7],
    ['joinByStamps', 'P1', 9],
    ['noFillInSnapshot', 'P1', 7],
    ['noFillInTransaction', 'P4', 3],
    ['dropAfterCommit', 'P1', 8],
    ['gate', 'P1', 10],
    ['writerChecksGate', 'P1', 8],
    ['drain', 'P2', 10],
    ['closedForLong', 'P1', 11],
    ['newToken', 'P1', 20],
    ['flux', 'P3', 9],
  ];
  for (const [without, promise, steps] of soon) {
    it(`breaks ${promise} in ${steps} steps without the rule '${without}'`, () => {
      const { violation } = explore(new Protocol({ bounds: scenarios[mutants[without]].bounds, without }), maxStates);
      expect(violation?.promise).to.match(new RegExp(`^${promise}:`));
      expect(violation?.trace).to.have.length(steps);
    });
  }
});
