import { expect } from 'chai';
import { describe, it } from 'mocha';
import { CachedModel, Column, connect, PrimaryKey, Table, type CacheManager, type Manager } from '../../src/index.js';

@Table('prefixed_notes', { label: 'prefixed.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  declare static cache: CacheManager<Note>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
}

describe('a prefix that is a function', () => {
  it('is not asked at a commit, where it may throw: the write is told of under the prefix it was made with', async () => {
    let tenant: string | undefined = 'a';
    const prefix = (): string => {
      if (tenant === undefined) throw new Error('no tenant here');
      return `${tenant}:`;
    };
    const db = await connect({ database: 'sqlite::memory:', prefix });
    try {
      await db.createTables([Note]);
      const { id } = await Note.create({ title: 'old' });
      const note = await Note.cache.get(id);
      await db.transaction(async () => {
        note.title = 'new';
        await note.save();
        tenant = undefined;
      });
      tenant = 'a';
      expect((await Note.cache.get(id)).title).to.equal('new');
    } finally {
      tenant = 'a';
      await db.close();
    }
  });
});
