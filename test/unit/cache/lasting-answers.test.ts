import { expect } from 'chai';
import { describe, it } from 'mocha';
import { decodeEntry, encodeEntry } from '../../../src/cache/entry.js';
import { EntryHit } from '../../../src/cache/found.js';
import { hitOf, judge, rememberHit } from '../../../src/cache/judge.js';
import { Keyspace } from '../../../src/cache/keyspace.js';
import { Plans, useKeys } from '../../../src/cache/plans.js';
import { lastingTexts } from '../../../src/store/lasting-texts.js';
import { isLasting } from '../../../src/store/repeated-keys.js';

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

  function judged(texts: readonly (string | undefined)[]): void {
    const decoded = decodeEntry(texts[0] ?? '');
    if (decoded) rememberHit(texts, judge(new EntryHit(decoded, text.length, false), texts, 1));
  }

  it('are read once, and shared from then on', () => {
    const texts = lastingTexts([text, 's1']);
    expect(hitOf(texts)).to.equal(undefined);
    judged(texts);
    expect(hitOf(texts)).to.include({ state: 'hit', shared: true }).and.have.nested.property('entry.createdAt', 1);
  });

  it('are remembered neither for texts that do not last nor for a miss', () => {
    const plain = [text, 's1'];
    const outdated = lastingTexts([text, 's2']);
    judged(plain);
    judged(outdated);
    expect([hitOf(plain), hitOf(outdated)]).to.eql([undefined, undefined]);
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
