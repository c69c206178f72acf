import { expect } from 'chai';
import { describe, it } from 'mocha';
import { decodeEntry, encodeEntry } from '../../../src/cache/entry.js';
import { EntryHit, type Hit, type Miss } from '../../../src/cache/found.js';
import { judge, judgedOnce } from '../../../src/cache/judge.js';
import { Keyspace } from '../../../src/cache/keyspace.js';
import { Plans, useKeys } from '../../../src/cache/plans.js';
import { lastingTexts } from '../../../src/store/lasting-texts.js';
import { isLasting, timesAsked, type RepeatedKeys } from '../../../src/store/repeated-keys.js';

describe('answers that last', () => {
  const entry = {
    createdAt: 1,
    expiresAt: 2,
    softExpiresAt: undefined,
    costMs: 0,
    stamps: ['s1'],
    dependencies: undefined,
    payload: ['json', 1],
  };
  const text = encodeEntry(entry);

  let judgements = 0;

  function judged(texts: readonly (string | undefined)[], nowMs = 1): Hit | Miss {
    return judgedOnce(texts, nowMs, () => {
      judgements += 1;
      const decoded = decodeEntry(texts[0] ?? '');
      if (!decoded) throw new Error('it was encoded above');
      return judge(new EntryHit(decoded, text.length, false), texts, 1);
    });
  }

  function timesJudged(texts: readonly (string | undefined)[]): number {
    judgements = 0;
    for (let time = 0; time < 3; time += 1) judged(texts);
    return judgements;
  }

  it('are read once, and shared from the first on', () => {
    const texts = lastingTexts([text, 's1']);
    expect(judged(texts)).to.include({ state: 'hit', shared: true });
    expect(timesJudged(texts)).to.equal(0);
    expect(judged(texts)).to.have.nested.property('entry.createdAt', 1);
    expect(judged(texts, 2), 'its time is over').to.include({ state: 'miss', reason: 'expired' });
  });

  it('are judged each time where texts do not last, and where they are no hit', () => {
    const plain = [text, 's1'];
    expect([timesJudged(plain), timesJudged(lastingTexts([text, 's2']))]).to.eql([3, 3]);
    expect(judged(plain)).to.include({ state: 'hit', shared: false });
  });

  it('are those of a value that was just made, whose keys somebody asked for already', () => {
    const call = { identity: 'one', dependencies: () => ['a'] };
    const plan = new Plans('value', 'owner').of(call, new Keyspace('app:', { style: 'readable' }));
    const asked = (): unknown => (plan.keys.withEntry as RepeatedKeys)[timesAsked]; // of a list without a gate they are
    expect(asked()).to.equal(0);
    useKeys(plan, [...plan.base, 'another']);
    expect(asked()).to.equal(1);
  });

  it('are not for what a gate stands before, which ends by itself', () => {
    const call = { identity: 'one', dependencies: () => ['a'] };
    const areLasting = [false, true].map((gated) => {
      const plan = new Plans('value', 'owner').of(call, new Keyspace('app:', { style: 'readable', gated }));
      const first = isLasting(plan.keys.withEntry);
      useKeys(plan, [...plan.base, 'another']);
      return [first, isLasting(plan.keys.withEntry)];
    });
    expect(areLasting).to.eql([
      [true, true],
      [false, false],
    ]);
  });
});
