import { join } from 'node:path';
import { expect } from 'chai';
import { CachedModel, Column, connect, PrimaryKey, Table, type CacheManager, type Database } from '../../src/index.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { temporaryFolder } from '../setup/temporary-folder.js';

@Table('shared_notes', { label: 'sharedCache.Note' })
class Note extends CachedModel {
  declare static cache: CacheManager<Note>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare text: string;
}

@Table('shared_notes', { label: 'sharedCache.OtherNote', connection: 'other' })
class OtherNote extends CachedModel {
  declare static cache: CacheManager<OtherNote>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare text: string;
}

const caches: Readonly<Record<string, () => Promise<string>>> = {
  'a file': async () => `file:${join(temporaryFolder('cache'), 'cache.db')}`,
  PostgreSQL: () => freshDatabase('postgres'),
};

for (const [what, cacheUrl] of Object.entries(caches)) {
  describe(`a cache in ${what}, shared by two connections`, () => {
    let db: Database;
    let other: Database;

    before(async () => {
      const [database, cache] = [await freshDatabase('postgres'), await cacheUrl()];
      const prefix = freshPrefix();
      db = await connect({ database, cache, prefix });
      other = await connect({ name: 'other', database, cache, prefix });
      await db.createTables([Note]);
    });
    after(() => Promise.all([db.close(), other.close()]));

    it('answers rows from it, to the last write of either', async () => {
      const { id } = await Note.create({ text: 'first' });
      const hits = async (): Promise<[number | undefined, number | undefined]> => [
        (await db.stats()).labels['sharedCache.Note']?.hits,
        (await other.stats()).labels['sharedCache.OtherNote']?.hits,
      ];
      expect([(await Note.cache.get(id)).text, (await OtherNote.cache.get(id)).text]).to.deep.equal(['first', 'first']);
      expect([(await Note.cache.get(id)).text, (await OtherNote.cache.get(id)).text]).to.deep.equal(['first', 'first']);
      expect(await hits()).to.deep.equal([1, 1]);
      const found = await OtherNote.cache.get(id);
      found.text = 'second';
      await found.save();
      expect((await Note.cache.get(id)).text).to.equal('second');
      expect(await Note.cache.explain(id)).to.include({ state: 'hit' });
    });
  });
}
