import { expect } from 'chai';
import {
  CachedModel,
  Column,
  connect,
  F,
  ForeignKey,
  ForeignKeyViolationError,
  moneyclip,
  PrimaryKey,
  Table,
  type CacheManager,
  type Database,
  type Manager,
  type Related,
} from '../../src/index.js';
import { freshDatabase } from '../setup/fresh.js';
import { changesOf, described } from '../support/heard-changes.js';
import { rejection } from '../support/rejection.js';
import { OtherSession, somebodyWaits } from './support/other-session.js';

@Table('race_shops', { label: 'race.Shop' })
class Shop extends CachedModel {
  declare static objects: Manager<Shop>;
  declare static cache: CacheManager<Shop>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', default: 1 }) declare rank: number;

  @moneyclip()
  async inCategory(category: number): Promise<number> {
    return Ware.objects.filter({ category }).count();
  }
}

@Table('race_wares', { label: 'race.Ware' })
class Ware extends CachedModel {
  declare static objects: Manager<Ware>;
  declare static cache: CacheManager<Ware>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true, default: 1 }) declare category: number;
  @Column({ type: 'text', unique: true, nullable: true }) declare slug: string | null;
  @Column({ type: 'integer', default: 0 }) declare views: number;
  @ForeignKey(() => Shop, { onDelete: 'cascade', nullable: true }) declare shop: Related<Shop> | null;
  declare shopId: number | null;
}

@Table('race_parts', { label: 'race.Part' })
class Part extends CachedModel {
  declare static objects: Manager<Part>;
  declare static cache: CacheManager<Part>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Ware, { onDelete: 'cascade' }) declare ware: Related<Ware>;
}

/*
 * Two writers of the same rows on PostgreSQL, where both run at once. SQLite lets one writer in at a time, so none of
 * these interleavings exists there.
 */
describe('a bulk write beside another writer on PostgreSQL', () => {
  let db: Database;

  beforeEach(async () => {
    db = await connect({ database: await freshDatabase('postgres') });
    await db.createTables([Shop, Ware, Part]);
  });
  afterEach(() => db.close());

  it('knows the old values that the other one has committed meanwhile', async () => {
    const shop = await Shop.create({});
    const { id } = await Ware.create({});
    const session = await OtherSession.open(db, () => Ware.objects.filter({ id }).update({ category: 2 }));
    const changes = await changesOf(async () => {
      const update = Ware.objects.filter({ id }).update({ category: 3, views: F('views').plus(1) });
      await somebodyWaits(db);
      await session.commit();
      expect(await shop.inCategory(2)).to.be.oneOf([0, 1]);
      expect(await update).to.equal(1);
    });
    expect(described(changes, 'category')).to.deep.equal(['race.Ware 1 -> 2', 'race.Ware 2 -> 3']);
    expect([await shop.inCategory(1), await shop.inCategory(2), await shop.inCategory(3)]).to.deep.equal([0, 0, 1]);
  });

  it('leaves a row that the other one takes out of the query', async () => {
    const { id } = await Ware.create({});
    for (const write of [
      () => Ware.objects.filter({ category: 1 }).update({ views: 9 }),
      () => Ware.objects.filter({ category: 1 }).delete(),
    ]) {
      await Ware.objects.filter({ id }).update({ category: 1 });
      const session = await OtherSession.open(db, () => Ware.objects.filter({ id }).update({ category: 2 }));
      const writing = write();
      await somebodyWaits(db);
      await session.commit();
      expect(await writing).to.equal(0);
      expect(await Ware.objects.get({ id })).to.include({ category: 2, views: 0 });
    }
  });

  it('that deletes announces the values that the other one has committed meanwhile', async () => {
    const { id } = await Part.create({ ware: await Ware.create({}) });
    const ware = await (await Part.objects.get({ id })).ware;
    const session = await OtherSession.open(db, () => Ware.objects.filter({ id: ware.id }).update({ category: 2 }));
    const changes = await changesOf(async () => {
      const removing = Ware.objects.filter({ id: ware.id }).delete();
      await somebodyWaits(db);
      await session.commit();
      expect(await removing).to.equal(1);
    });
    expect(described(changes, 'category')).to.include('race.Ware 2 -> none');
  });

  for (const [how, remove] of [
    ['an instance', (shop: Shop) => shop.delete()],
    ['a query set', (shop: Shop) => Shop.objects.filter({ id: shop.id }).delete()],
  ] as const) {
    it(`that deletes ${how} takes along a row that the other one was adding, and tells of it`, async () => {
      const shop = await Shop.create({});
      const session = await OtherSession.open(db, () => Ware.create({ shop, category: 4 }));
      const changes = await changesOf(async () => {
        const removing = remove(shop);
        await somebodyWaits(db);
        await session.commit();
        expect(await shop.inCategory(4).catch(() => 'gone')).to.be.oneOf([0, 1, 'gone']);
        await removing;
      });
      expect(described(changes, 'category')).to.deep.equal([
        'race.Shop  -> none',
        'race.Ware 4 -> none',
        'race.Ware none -> 4',
      ]);
      const keeper = await Shop.create({});
      expect(await keeper.inCategory(4)).to.equal(0);
    });

    it(`that deletes ${how} lets nobody add a row below once it has looked`, async () => {
      const shop = await Shop.create({});
      const ware = await Ware.create({ shop });
      const session = await OtherSession.open(db, () => remove(shop));
      const adding = [Ware.create({ shop, category: 5 }), Part.create({ ware })];
      const refused = adding.map((each) => rejection(each, ForeignKeyViolationError));
      await somebodyWaits(db);
      await session.commit();
      await Promise.all(refused);
      expect([await Ware.objects.count(), await Part.objects.count()]).to.deep.equal([0, 0]);
    });
  }

  it('adds to what the other one has added', async () => {
    const { id } = await Ware.create({});
    const add = () => Ware.objects.filter({ id }).update({ views: F('views').plus(1) });
    const session = await OtherSession.open(db, add);
    const adding = add();
    await somebodyWaits(db);
    await session.commit();
    await adding;
    expect((await Ware.objects.get({ id })).views).to.equal(2);
  });

  it('that upserts the same key knows what the other one has inserted', async () => {
    const shop = await Shop.create({});
    const upsert = (category: number) => () =>
      Ware.objects.upsertMany([{ slug: 'a', category }], { onConflict: ['slug'] });
    const session = await OtherSession.open(db, upsert(1));
    expect([await shop.inCategory(1), await shop.inCategory(2)]).to.deep.equal([0, 0]);
    const changes = await changesOf(async () => {
      const upserting = upsert(2)();
      await somebodyWaits(db);
      await session.commit();
      expect(await shop.inCategory(1)).to.be.oneOf([0, 1]);
      expect((await upserting).map(([, created]) => created)).to.deep.equal([false]);
    });
    expect(described(changes, 'category')).to.deep.equal(['race.Ware 1 -> 2', 'race.Ware none -> 1']);
    expect([await shop.inCategory(1), await shop.inCategory(2)]).to.deep.equal([0, 1]);
    expect(await Ware.objects.count()).to.equal(1);
  });

  it('that upserts inserts again what the other one was deleting', async () => {
    await Ware.create({ slug: 'a', category: 1 });
    const session = await OtherSession.open(db, () => Ware.objects.filter({ slug: 'a' }).delete());
    const upserting = Ware.objects.upsertMany([{ slug: 'a', category: 2 }], { onConflict: ['slug'] });
    await somebodyWaits(db);
    await session.commit();
    expect((await upserting).map(([, created]) => created)).to.deep.equal([true]);
    expect((await Ware.objects.get({ slug: 'a' })).category).to.equal(2);
  });

  it('that upserts keeps others from changing a row between its look and its update', async () => {
    const { id } = await Ware.create({ slug: 'a', category: 1 });
    const upsert = () => Ware.objects.upsertMany([{ slug: 'a', category: 2 }], { onConflict: ['slug'] });
    const session = await OtherSession.open(db, upsert);
    const changes = await changesOf(async () => {
      const update = Ware.objects.filter({ id }).update({ category: 3 });
      await somebodyWaits(db);
      await session.commit();
      await update;
    });
    expect(described(changes, 'category')).to.deep.equal(['race.Ware 1 -> 2', 'race.Ware 2 -> 3']);
  });

  it('that updates instances knows the old values that the other one has committed meanwhile', async () => {
    const wares = await Ware.objects.bulkCreate([{ category: 1 }, { category: 1 }]);
    const session = await OtherSession.open(db, () => Ware.objects.update({ category: 2 }));
    for (const ware of wares) ware.category = 3;
    const changes = await changesOf(async () => {
      const updating = Ware.objects.bulkUpdate(wares, ['category']);
      await somebodyWaits(db);
      await session.commit();
      await updating;
    });
    expect(described(changes, 'category')).to.deep.equal([
      ...['race.Ware 1 -> 2', 'race.Ware 1 -> 2', 'race.Ware 2 -> 3', 'race.Ware 2 -> 3'],
    ]);
  });

  it('that updates instances in another order waits for it and does not deadlock', async () => {
    const wares = await Ware.objects.bulkCreate(Array.from({ length: 50 }, () => ({})));
    const copies = await Ware.objects.orderBy('-id').all();
    for (const [n, ware] of wares.entries()) ware.views = n + 1;
    for (const ware of copies) ware.category = 9;
    await Promise.all([
      Ware.objects.bulkUpdate(wares, ['views']),
      Ware.objects.bulkUpdate(copies, ['category']),
      Ware.objects.bulkUpdate(await Ware.objects.all(), ['views']),
    ]);
    expect(await Ware.objects.filter({ category: 9, views__gt: 0 }).count()).to.equal(50);
  });

  it('that gets or creates reads what the other one has inserted, also inside a transaction', async () => {
    for (const [slug, run] of [
      ['a', <T>(work: () => Promise<T>) => work()],
      ['b', <T>(work: () => Promise<T>) => db.transaction(work)],
    ] as const) {
      const session = await OtherSession.open(db, () => Ware.create({ slug, views: 4 }));
      const getting = run(async () => {
        const [ware, created] = await Ware.objects.getOrCreate({ slug }, { defaults: { views: 5 } });
        return [ware.views, created, await Ware.objects.filter({ slug }).count()];
      });
      await somebodyWaits(db);
      await session.commit();
      expect(await getting).to.deep.equal([4, false, 1]);
    }
  });

  it('that updates or creates changes what the other one has inserted', async () => {
    const session = await OtherSession.open(db, () => Ware.objects.updateOrCreate({ slug: 'a' }, { views: 1 }));
    const other = Ware.objects.updateOrCreate({ slug: 'a' }, { category: 8 });
    await somebodyWaits(db);
    await session.commit();
    expect((await other)[1]).to.equal(false);
    expect(await Ware.objects.get({ slug: 'a' })).to.include({ views: 1, category: 8 });
  });
});
