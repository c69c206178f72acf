import { expect } from 'chai';
import { assert, property, string } from 'fast-check';
import { storedKey, storedText, textOf } from '../../../src/store/sql/stored-text.js';

const anyText = string({ unit: 'binary', maxLength: 40 }).map((text) =>
  text.replaceAll('!', '\u0000').replaceAll('"', '\u0001').replaceAll('#', '\ud83d').replaceAll('$', '\ude42'),
);

describe('texts in a SQL database', () => {
  it('come back exactly, whatever they are made of, and are kept without what a database may not hold', () => {
    assert(
      property(anyText, (text) => {
        const stored = storedText(text);
        expect(textOf(stored)).to.equal(text);
        expect(stored.includes('\u0000')).to.equal(false);
        expect(stored.isWellFormed()).to.equal(true);
      }),
    );
  });

  it('are kept as they are where nothing is wrong with them', () => {
    expect(storedText('[1,"ä🙂\\u0000\n"]')).to.equal('[1,"ä🙂\\u0000\n"]');
  });

  it('have different keys, also where they are long and differ at the end', () => {
    const long = 'x'.repeat(400);
    const keys = [long, `${long}a`, `${long}b`, `${long}\ud83d`, `${long}\ud83e`, 'a', 'a\u0000', 'a\u00010000'];
    const stored = new Set(keys.map(storedKey));
    expect(stored.size).to.equal(keys.length);
    expect(Math.max(...[...stored].map((key) => Buffer.byteLength(key)))).to.be.at.most(1_200);
  });
});
