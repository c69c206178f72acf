import { expect } from 'chai';
import { CachedModel, Column, count, PrimaryKey, Table, type CacheManager, type Manager } from '../../../src/index.js';
import { forEachCombination } from '../../setup/combinations.js';
import { connected } from '../../support/connected.js';

@Table('cachedvalues_pages', { label: 'cachedvalues.Page' })
class Page extends CachedModel {
  declare static objects: Manager<Page>;
  declare static cache: CacheManager<Page>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare title: string;
  @Column({ type: 'integer', volatile: true, default: 0 }) declare views: number;
}

forEachCombination((combination) => {
  describe('cached values', () => {
    connected(combination, [Page]);

    it('keep the order of their names, whatever columns the model has', async () => {
      await Page.objects.bulkCreate([
        { id: 1, title: 'a', views: 2 }, // NOTE: a key of the other row, in the key's place
        { id: 2, title: 'b', views: 1 },
      ]);
      const pages = Page.objects.orderBy('id').cache();
      for (let time = 0; time < 2; time += 1) {
        expect(await pages.limit(1).values('views', 'title', 'id')).to.deep.equal([{ views: 2, title: 'a', id: 1 }]);
        expect(await pages.limit(1).values('id', 'title', 'views')).to.deep.equal([{ views: 2, title: 'a', id: 1 }]);
        expect(await pages.ids()).to.deep.equal([1, 2]);
        expect(await pages.groupBy('title').aggregate({ n: count() }, { limit: 1, orderBy: ['title'] })).to.have.length(
          1,
        );
      }
      await Page.objects.filter({ id: 1 }).update({ views: 7, title: 'c' });
      expect(await pages.limit(1).values('views', 'title', 'id')).to.deep.equal([{ views: 7, title: 'c', id: 1 }]);
    });
  });
});
