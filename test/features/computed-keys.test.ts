import { expect } from 'chai';
import { describe, it } from 'mocha';
import { CachedModel, Column, moneyclip, PrimaryKey, Table, type CacheManager, type Manager } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';

let runs = 0;

/** Its keys are texts, which may look like anything. */
@Table('computed_keys_words', { label: 'computedKeys.Word' })
class Word extends CachedModel {
  declare static objects: Manager<Word>;
  declare static cache: CacheManager<Word>;
  @PrimaryKey({ type: 'string' }) declare text: string;
  @Column({ type: 'integer' }) declare rank: number;

  @moneyclip()
  async told(...words: readonly unknown[]): Promise<string> {
    runs += 1;
    return `${this.text}: ${words.join(' ')}`;
  }

  @moneyclip('computedKeys::%s', (word: Word, ...words: readonly unknown[]) => [words[0] ?? word.rank])
  async ranked(...words: readonly unknown[]): Promise<string> {
    runs += 1;
    return `${this.text} ${String(words[0])}`;
  }
}

describe('the keys of computed values', () => {
  forEachCombination((combination) => {
    connected(combination, [Word]);

    it('tell a row whose key looks like the key of another call from that call', async () => {
      const word = await Word.create({ text: 'a', rank: 1 });
      const key = moneyclip.of(Word, 'told').key(word, 'x');
      const identity = `computedKeys.Word.told::%s(%s)["a",${JSON.stringify(key.slice(key.indexOf('(') + 1, -1))}]`;
      const twins = await Word.objects.bulkCreate([key, identity].map((text) => ({ text, rank: 2 })));
      for (let time = 1; time <= 2; time += 1) {
        expect(await word.told('x')).to.equal('a: x');
        for (const twin of twins) expect(await twin.told()).to.equal(`${twin.text}: `);
        expect(await word.told()).to.equal('a: ');
      }
    });

    it('are found again by the row alone, by one argument, and by both', async () => {
      const word = await Word.create({ text: 'b', rank: 7 });
      runs = 0;
      for (let time = 1; time <= 3; time += 1) {
        expect(await word.told()).to.equal('b: ');
        expect(await word.told(1, 2)).to.equal('b: 1 2');
        expect(await word.ranked()).to.equal('b undefined');
        expect(await word.ranked('x')).to.equal('b x');
      }
      expect(runs).to.equal(4);
      await moneyclip.of(Word, 'told').invalidate(word);
      await moneyclip.of(Word, 'ranked').invalidate(word, 'x');
      expect([await word.told(), await word.told(1, 2), await word.ranked(), await word.ranked('x')]).to.eql([
        'b: ',
        'b: 1 2',
        'b undefined',
        'b x',
      ]);
      expect(runs).to.equal(6);
    });

    it('refuse a part that is no key, also where the cache is not asked', async () => {
      const word = await Word.create({ text: 'c', rank: 1 });
      const refused = await word.ranked(Number.NaN).catch((error: unknown) => error);
      expect(String(refused)).to.equal(
        'UsageError: Word.ranked: argument 1 of the key must be a text, a number, a bigint or a boolean, got NaN',
      );
    });
  });
});
