import { expect } from 'chai';
import {
  CachedModel,
  changed,
  Column,
  invalidateModel,
  moneyclip,
  PrimaryKey,
  Table,
  transaction,
  UsageError,
  ValidationError,
  type CacheManager,
  type Manager,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';
import { rejection } from '../support/rejection.js';

@Table('changed_things', { label: 'changed.Thing' })
class Thing extends CachedModel {
  declare static objects: Manager<Thing>;
  declare static cache: CacheManager<Thing>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', unique: true }) declare slug: string;
  @Column({ type: 'integer', index: true, default: 0 }) declare category: number;
}

@Table('changed_viewers', { label: 'changed.Viewer' })
class Viewer extends CachedModel {
  declare static objects: Manager<Viewer>;
  @PrimaryKey() declare id: number;

  @moneyclip()
  async inCategory(category: number): Promise<number> {
    return Thing.objects.filter({ category }).count();
  }
  @moneyclip()
  async total(): Promise<number> {
    return Thing.objects.count();
  }
  @moneyclip()
  async categoryOf(id: number): Promise<number | undefined> {
    return (await Thing.objects.filter({ id }).first())?.category;
  }
  @moneyclip('changed-viewer::followed::%s', (me: Viewer) => [me.id], () => Thing, () => undefined)
  async followed(): Promise<number> {
    return unseen();
  }
}

/** Counts things by SQL that the library does not see. */
let unseen: () => Promise<number> = async () => 0;

/** What the types refuse and a caller without types may pass all the same. */
const untyped = (value: unknown): never => value as never;

forEachCombination((combination) => {
  describe('SQL of the user’s own that is announced', () => {
    const opened = counted(combination, [Thing, Viewer]);
    let viewer: Viewer;
    let first: Thing;
    let second: Thing;

    beforeEach(async () => {
      unseen = async () => (await opened().db.knex('changed_things')).length;
      viewer = await Viewer.create({});
      [first, second] = [await Thing.create({ slug: 'a', category: 1 }), await Thing.create({ slug: 'b' })];
    });

    const raw = (values: object) => opened().db.knex('changed_things').where({ id: first.id }).update(values);

    it('by keys corrects these rows and every answer that their values may have changed', async () => {
      const answers = async (): Promise<unknown[]> => [
        (await Thing.cache.find(first.id))?.category,
        (await Thing.cache.find({ slug: 'a' }))?.id,
        (await Thing.cache.find({ slug: 'c' }))?.id,
        await viewer.inCategory(1),
        await viewer.inCategory(2),
        await viewer.total(),
        await viewer.categoryOf(first.id),
      ];
      expect(await answers()).to.deep.equal([1, first.id, undefined, 1, 0, 2, 1]);
      await raw({ category: 2, slug: 'c' });
      await changed(Thing, [first.id]);
      expect(await answers()).to.deep.equal([2, undefined, first.id, 0, 1, 2, 2]);
      await opened().db.knex('changed_things').where({ id: first.id }).delete();
      await changed(Thing, [first]);
      expect(await answers()).to.deep.equal([undefined, undefined, undefined, 0, 0, 1, undefined]);
      await opened().db.knex('changed_things').insert({ id: first.id, slug: 'a', category: 1 });
      await changed(Thing, [first.id]);
      expect(await answers()).to.deep.equal([1, first.id, undefined, 1, 0, 2, 1]);
    });

    it('by keys ends values that follow the rows of the table', async () => {
      expect(await viewer.followed()).to.equal(2);
      await opened().db.knex('changed_things').insert({ id: 9000, slug: 'x', category: 1 });
      await changed(Thing, [9000]);
      expect(await viewer.followed()).to.equal(3);
    });

    it('by keys costs one command, and waits for the commit', async () => {
      const { drop } = await opened().costOf(() => changed(Thing, [first.id, second.id]));
      expect(drop).to.equal(combination.cache === 'redis' ? 1 : 0);
      await transaction(async () => {
        await raw({ category: 5 });
        await changed(Thing, [first.id]);
        throw new Error('roll back');
      }).catch(() => undefined);
      await transaction(async () => {
        await raw({ category: 6 });
        await changed(Thing, [first.id]);
      });
      expect((await Thing.cache.get(first.id)).category).to.equal(6);
    });

    if (combination.database === 'postgres') {
      it('by keys keeps what is cached of other rows by their keys', async () => {
        await Promise.all([Thing.cache.get(first.id), Thing.cache.get(second.id)]);
        await viewer.categoryOf(second.id);
        await raw({ category: 2 });
        await changed(Thing, [first.id]);
        expect((await Thing.cache.explain(second.id)).state).to.equal('hit');
        expect((await opened().costOf(() => viewer.categoryOf(second.id))).sql).to.equal(0);
        expect((await Thing.cache.explain(first.id)).state).to.equal('miss');
      });
    }

    it('by keys of very many rows, or as a whole, ends everything of the table', async () => {
      for (const announce of [
        () =>
          changed(
            Thing,
            Array.from({ length: 501 }, (_, index) => 5000 + index),
          ),
        () => invalidateModel(Thing),
      ]) {
        await Thing.cache.get(second.id);
        await viewer.inCategory(1);
        await announce();
        expect((await Thing.cache.explain(second.id)).state).to.equal('miss');
        expect((await opened().costOf(() => viewer.inCategory(1))).sql).to.equal(1);
      }
    });

    it('takes keys, and refuses what is none', async () => {
      await changed(Thing, []);
      await rejection(
        changed(Thing, untyped(1)),
        UsageError,
        'changed(changed.Thing, keys): expected a list of keys, got a number',
      );
      await rejection(changed(Thing, ['1']), ValidationError, 'changed.Thing: id expects a whole number, got text');
    });
  });
});
