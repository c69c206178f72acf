import { expect } from 'chai';
import { describe, it } from 'mocha';
import { askPerHashTag, hashTag } from '../../../src/store/hash-tag.js';

describe('hashTag', () => {
  const tags: Readonly<Record<string, string>> = {
    plain: 'plain',
    'ac:{app}:s': 'app',
    '{a}{b}': 'a',
    '{}x': '{}x',
    'x{}{b}': 'x{}{b}',
    '{a': '{a',
    'a}b{': 'a}b{',
    '{{a}}': '{a',
  };

  for (const [key, tag] of Object.entries(tags)) {
    it(`of '${key}' is '${tag}'`, () => expect(hashTag(key)).to.equal(tag));
  }
});

describe('askPerHashTag', () => {
  const itself = (key: string): string => key;

  it('asks once per tag, all in one tick, and puts the answers in the order of the items', async () => {
    const asked: string[][] = [];
    const answering = askPerHashTag(['{a}1', 'x', '{b}1', '{a}2', 'x'], itself, async (keys) => {
      asked.push(keys);
      return keys.map((key) => key.toUpperCase());
    });
    expect(asked).to.deep.equal([['{a}1', '{a}2'], ['x', 'x'], ['{b}1']]);
    expect(await answering).to.deep.equal(['{A}1', 'X', '{B}1', '{A}2', 'X']);
  });

  it('rejects when one of the parts does', async () => {
    const failure = new Error('failure');
    const answering = askPerHashTag(['a', 'b'], itself, async ([key]) => {
      if (key === 'b') throw failure;
      return [key];
    });
    expect(await answering.catch((error: unknown) => error)).to.equal(failure);
  });
});
