import { expect } from 'chai';
import { BeforeSave, CachedModel, Column, PrimaryKey, Table, transaction, ValidationError } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { Document, libraryModels, User } from '../support/library-models.js';
import { columnsSetBy, statementsOf } from '../support/recorded-statements.js';
import { rejection } from '../support/rejection.js';

@Table('dirty_trimmed', { label: 'dirty.Trimmed' })
class Trimmed extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare text: string;

  @BeforeSave()
  trim(): void {
    this.text = this.text.trim();
  }
}

forEachCombination((combination) => {
  describe('dirty tracking', () => {
    const db = connected(combination, [...libraryModels, Trimmed]);
    let author: User;
    let document: Document;

    beforeEach(async () => {
      author = await User.create({ username: 'ann' });
      document = await Document.create({ title: 'Money', author, meta: { pages: 1, tags: ['a'] } });
    });

    /** The columns that a save sets: none where it sends nothing. */
    async function columnsSaved(instance: { save(): Promise<unknown> }): Promise<string[]> {
      const texts = await statementsOf(() => instance.save());
      expect(texts.length, texts.join('; ')).to.be.at.most(1);
      return columnsSetBy(texts[0]);
    }

    it('names only the changed columns in an update', async () => {
      document.title = 'Paper money';
      document.views = 3;
      expect(await columnsSaved(document)).to.deep.equal(['title', 'views']);
      expect(await Document.objects.get({ id: document.id })).to.include({ title: 'Paper money', views: 3 });
    });

    it('leaves columns alone that somebody else changed meanwhile', async () => {
      const other = await Document.objects.get({ id: document.id });
      other.views = 9;
      await other.save();
      document.title = 'Paper money';
      await document.save();
      expect(await Document.objects.get({ id: document.id })).to.include({ title: 'Paper money', views: 9 });
      expect(await Document.cache.get(document.id)).to.include({ title: 'Paper money', views: 9 });
    });

    it('sends nothing for a save without changes, also in a transaction and after assigning equal values', async () => {
      expect(await statementsOf(() => document.save())).to.deep.equal([]);
      document.title = 'Money';
      document.meta = { tags: ['a'], pages: 1 };
      expect(await statementsOf(() => document.save())).to.deep.equal([]);
      const inTransaction = await statementsOf(() => transaction(() => document.save()));
      expect(inTransaction.map((text) => text.split(' ')[0])).to.deep.equal(['BEGIN', 'COMMIT']);
    });

    it('counts what it sends in db.stats()', async () => {
      const before = db().stats().statements;
      await document.save();
      expect(db().stats().statements - before).to.equal(0);
      document.views += 1;
      await document.save();
      expect(db().stats().statements - before).to.equal(1);
    });

    it('sees JSON that was changed in place, after create, after save and after a cached read', async () => {
      const cached = await Document.cache.get(document.id);
      for (const one of [document, document, cached]) {
        (one.meta!['tags'] as string[]).push('b');
        expect(Object.keys(one.changes())).to.deep.equal(['meta']);
        expect(await columnsSaved(one)).to.deep.equal(['meta']);
        expect((await Document.objects.get({ id: document.id })).meta).to.deep.equal(one.meta);
      }
    });

    it('sees a Date that was changed in place', async () => {
      document.publishedAt = new Date(0);
      await document.save();
      document.publishedAt.setFullYear(2001);
      expect(await columnsSaved(document)).to.deep.equal(['published_at']);
    });

    it('names the key of a relation that was assigned', async () => {
      document.reviewer = author;
      expect(await columnsSaved(document)).to.deep.equal(['reviewer_id']);
    });

    it('takes undefined for null', async () => {
      Object.assign(document, { meta: undefined });
      expect(await columnsSaved(document)).to.deep.equal(['meta']);
      expect(document.meta).to.equal(null);
      expect((await Document.objects.get({ id: document.id })).meta).to.equal(null);
    });

    it('has nothing left to send after a save', async () => {
      document.title = 'Paper money';
      await document.save();
      expect(document.changes()).to.deep.equal({});
      expect(await statementsOf(() => document.save())).to.deep.equal([]);
    });

    it('still has everything to send after a save that failed', async () => {
      document.title = 'Paper money';
      document.slug = 'taken';
      await Document.create({ title: 'Other', slug: 'taken', author });
      await rejection(document.save(), Error);
      expect(Object.keys(document.changes())).to.deep.equal(['title', 'slug']);
      document.slug = 'free';
      expect(await columnsSaved(document)).to.deep.equal(['title', 'slug']);
    });

    it('loses nothing that is assigned while a save runs', async () => {
      document.title = 'First';
      const saving = document.save();
      document.title = 'Second';
      await Promise.resolve();
      document.views = 7;
      await saving;
      expect(document).to.include({ title: 'Second', views: 7 });
      await document.save();
      expect(await Document.objects.get({ id: document.id })).to.include({ title: 'Second', views: 7 });
    });

    it('looks at what hooks changed', async () => {
      const trimmed = await Trimmed.create({ text: ' a ' });
      trimmed.text = ' a ';
      const texts = await statementsOf(() => trimmed.save());
      expect(texts.filter((text) => text.startsWith('UPDATE'))).to.deep.equal([]);
      expect(trimmed.text).to.equal('a');
    });

    it('tells each changed column with its value before and now', async () => {
      document.title = 'Paper money';
      document.meta = null;
      expect(document.changes()).to.deep.equal({
        title: { before: 'Money', after: 'Paper money' },
        meta: { before: { pages: 1, tags: ['a'] }, after: null },
      });
      expect(new Document({ title: 'New' }).changes()).to.deep.equal({
        title: { before: undefined, after: 'New' },
        views: { before: undefined, after: 0 },
      });
    });

    it('tells a value that the column does not take as a change, and refuses to save it', async () => {
      Object.assign(document, { views: 'many' });
      expect(document.changes()).to.deep.equal({ views: { before: 0, after: 'many' } });
      await rejection(document.save(), ValidationError);
    });
  });
});
