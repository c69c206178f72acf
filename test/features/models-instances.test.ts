import { expect } from 'chai';
import {
  CachedModel,
  Column,
  PrimaryKey,
  RecordNotFoundError,
  Table,
  UsageError,
  type Manager,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { Document, libraryModels, User } from '../support/library-models.js';
import { rejection } from '../support/rejection.js';

@Table('instances_exact', { label: 'instances.Exact' })
class Exact extends CachedModel {
  declare static objects: Manager<Exact>;
  @PrimaryKey({ type: 'bigint' }) declare id: bigint;
  @Column({ type: 'array', of: 'bigint' }) declare list: bigint[];
  @Column({ type: 'datetime' }) declare moment: Date;
  @Column({ type: 'binary' }) declare bytes: Buffer;
  @Column({ type: 'decimal' }) declare price: string;
}

forEachCombination((combination) => {
  describe('instances', () => {
    connected(combination, [...libraryModels, Exact]);
    let author: User;

    beforeEach(async () => {
      author = await User.create({ username: 'ann' });
    });

    it('know whether they are stored', async () => {
      const document = new Document({ title: 'Money', author });
      expect(document.isPersisted).to.equal(false);
      await document.save();
      expect(document.isPersisted).to.equal(true);
      expect((await Document.cache.get(document.id)).isPersisted).to.equal(true);
      await document.delete();
      expect(document.isPersisted).to.equal(false);
    });

    it('are answered by save and reload', async () => {
      const document = new Document({ title: 'Money', author });
      expect(await document.save()).to.equal(document);
      expect(await document.reload()).to.equal(document);
    });

    it('take all values of the row when they are reloaded, and forget what was not saved', async () => {
      const document = await Document.create({ title: 'Money', author });
      await Document.objects.filter({ id: document.id }).update({ views: 5 });
      document.title = 'unsaved';
      await document.reload();
      expect(document).to.include({ title: 'Money', views: 5 });
      expect(document.changes()).to.deep.equal({});
    });

    it('reload from the database, whatever the cache holds', async () => {
      const document = await Document.create({ title: 'Money', author });
      await Document.cache.get(document.id);
      await Document.objects.filter({ id: document.id }).update({ title: 'New' });
      expect((await document.reload()).title).to.equal('New');
    });

    it('say so when the row they reload or update is gone', async () => {
      const document = await Document.create({ title: 'Money', author });
      await Document.objects.filter({ id: document.id }).delete();
      await rejection(
        document.reload(),
        RecordNotFoundError,
        'library.Document: the row is gone; it was deleted since it was read',
      );
      document.title = 'x';
      const gone = 'library.Document: the row is gone, so it cannot be updated; it was deleted since it was read';
      await rejection(document.save(), RecordNotFoundError, gone);
      await document.delete();
    });

    it('delete their row once, and cannot be saved afterwards', async () => {
      const document = await Document.create({ title: 'Money', author });
      await document.delete();
      await document.delete();
      expect(await Document.objects.exists()).to.equal(false);
      const message = 'library.Document: this row was deleted; make a new instance to store it again';
      await rejection(document.save(), UsageError, message);
    });

    it('become plain objects, in the order of the columns and with relations by their keys', async () => {
      const document = await Document.create({ title: 'Money', author, meta: { a: 1 }, publishedAt: new Date(0) });
      const json = {
        ...{ id: document.id, title: 'Money', slug: null, views: 0, meta: { a: 1 }, publishedAt: new Date(0) },
        ...{ authorId: author.id, reviewerId: null },
      };
      expect(document.toJSON()).to.deep.equal(json);
      expect(JSON.stringify(await Document.cache.get(document.id))).to.equal(JSON.stringify(json));
    });

    it('become JSON also with bigints, bytes and decimals', async () => {
      const exact = await Exact.create({
        ...{ id: 2n ** 60n, list: [1n, 2n ** 62n], moment: new Date(0), bytes: Buffer.from('ab'), price: '0.10' },
      });
      expect(JSON.parse(JSON.stringify(exact))).to.deep.equal({
        id: '1152921504606846976',
        list: ['1', '4611686018427387904'],
        moment: '1970-01-01T00:00:00.000Z',
        bytes: { type: 'Buffer', data: [97, 98] },
        price: '0.1',
      });
    });

    it('show their columns and nothing else when they are spread', async () => {
      const { id } = await Document.create({ title: 'Money', author });
      const columns = ['id', 'title', 'slug', 'views', 'meta', 'publishedAt', 'authorId', 'reviewerId'];
      expect(Object.keys(await Document.cache.get(id))).to.deep.equal(columns);
    });
  });
});
