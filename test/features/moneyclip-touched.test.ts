import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { CachedModel, Column, moneyclip, PrimaryKey, Table, type CacheManager, type Manager } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';

let runs = 0;

@Table('touched_notes', { label: 'touched.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  declare static cache: CacheManager<Note>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'json' }) declare tags: string[];
  @Column({ type: 'string', default: 'own' }) declare title: string;

  @moneyclip()
  async count(): Promise<number> {
    runs += 1;
    return this.tags.length;
  }

  @moneyclip()
  async countUntouched(): Promise<number> {
    return this.count();
  }

  @moneyclip()
  async countOfAView(): Promise<number> {
    const view = Object.create(this) as Note; // an object that inherits from the instance
    view.title = 'of the view';
    return view.title === 'of the view' && this.title === 'own' ? this.count() : -1;
  }

  @moneyclip()
  async countWithOneMore(): Promise<number> {
    this.tags.push('more');
    return this.count();
  }
}

describe('a computed method that calls another on its own instance', () => {
  forEachCombination((combination) => {
    connected(combination, [Note]);

    beforeEach(() => {
      runs = 0;
    });

    it('gets what is cached while it has looked at no column', async () => {
      const note = await Note.create({ tags: ['a'] });
      expect(await note.count()).to.equal(1);
      expect(await note.countUntouched()).to.equal(1);
      expect(runs).to.equal(1);
    });

    it('may write to an object that inherits from the instance, which stays as it is', async () => {
      const note = await Note.create({ tags: ['a'] });
      expect(await note.countOfAView()).to.equal(1);
    });

    it('gets what follows from its own changes where it has made some, and nobody else does', async () => {
      const note = await Note.create({ tags: ['a'] });
      expect(await note.count()).to.equal(1);
      expect(await note.countWithOneMore()).to.equal(2);
      expect(await note.count()).to.equal(1);
      expect(await (await Note.cache.get(note.id)).count()).to.equal(1);
      expect(runs).to.equal(2);
    });
  });
});
