import { expect } from 'chai';
import {
  CachedModel,
  Column,
  PrimaryKey,
  StaleRecordError,
  Table,
  transaction,
  Version,
  type CacheManager,
  type Manager,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

@Table('locking_pages', { label: 'locking.Page' })
class Page extends CachedModel {
  declare static objects: Manager<Page>;
  declare static cache: CacheManager<Page>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare text: string;
  @Column({ type: 'integer', default: 0 }) declare views: number;
  @Version() declare version: number;
}

forEachCombination((combination) => {
  describe('optimistic locking', () => {
    connected(combination, [Page]);
    let page: Page;
    let sameRow: Page;

    beforeEach(async () => {
      page = await Page.create({ text: 'A' });
      sameRow = await Page.cache.get(page.id);
    });

    it('begins at 1 and counts each update that changes something', async () => {
      expect(page.version).to.equal(1);
      await page.save();
      expect(page.version).to.equal(1);
      page.text = 'B';
      await page.save();
      expect(page.version).to.equal(2);
      expect((await Page.objects.get({ id: page.id })).version).to.equal(2);
      expect((await Page.cache.get(page.id)).version).to.equal(2);
    });

    it('refuses the save of an instance that read an older version, whatever it changed', async () => {
      page.text = 'B';
      await page.save();
      sameRow.views = 5;
      const error = await rejection(
        sameRow.save(),
        StaleRecordError,
        'locking.Page: the row was changed since it was read; reload() it and try again',
      );
      expect(error).to.include({ code: 'STALE_RECORD', model: 'locking.Page' });
      expect(await Page.objects.get({ id: page.id })).to.include({ text: 'B', views: 0, version: 2 });
      expect(sameRow).to.include({ version: 1, views: 5 });
    });

    it('takes the save after a reload', async () => {
      page.text = 'B';
      await page.save();
      await sameRow.reload();
      sameRow.views = 5;
      await sameRow.save();
      expect(await Page.cache.get(page.id)).to.include({ text: 'B', views: 5, version: 3 });
    });

    it('refuses the delete of an instance that read an older version', async () => {
      page.text = 'B';
      await page.save();
      const message = 'locking.Page: the row was changed or deleted since it was read; it was not deleted now';
      await rejection(sameRow.delete(), StaleRecordError, message);
      expect(sameRow.isPersisted).to.equal(true);
      expect(await Page.cache.find(page.id)).to.include({ text: 'B' });
      await page.delete();
      await rejection(sameRow.delete(), StaleRecordError, message);
    });

    it('refuses the save of a row that was deleted', async () => {
      await page.delete();
      sameRow.text = 'B';
      const message = 'locking.Page: the row is gone, so it cannot be updated; it was deleted since it was read';
      await rejection(sameRow.save(), StaleRecordError, message);
    });

    it('notices updates of query sets', async () => {
      await Page.objects.filter({ id: page.id }).update({ views: 9 });
      page.text = 'B';
      await rejection(page.save(), StaleRecordError);
      expect(await page.reload()).to.include({ text: 'A', views: 9, version: 2 });
    });

    it('lets one of two saves that run at once win', async () => {
      Object.assign(page, { text: 'B' });
      Object.assign(sameRow, { text: 'C' });
      const outcomes = await Promise.allSettled([page.save(), sameRow.save()]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      expect((await Page.objects.get({ id: page.id })).version).to.equal(2);
    });

    it('goes back with a transaction that is rolled back', async () => {
      await rejection(
        transaction(async () => {
          page.text = 'B';
          await page.save();
          page.text = 'C';
          await page.save();
          expect(page.version).to.equal(3);
          throw new Error('undo');
        }),
        Error,
        'undo',
      );
      expect(page).to.include({ version: 1, text: 'C' });
      await page.save();
      expect(await Page.objects.get({ id: page.id })).to.include({ text: 'C', version: 2 });
    });
  });
});
