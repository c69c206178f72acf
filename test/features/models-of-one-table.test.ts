import { expect } from 'chai';
import {
  CachedModel,
  changed,
  Column,
  connect,
  moneyclip,
  PrimaryKey,
  Table,
  type CacheManager,
  type Database,
  type Manager,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';

@Table('parcels', { label: 'oneTable.Parcel' })
class Parcel extends CachedModel {
  declare static objects: Manager<Parcel>;
  declare static cache: CacheManager<Parcel>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare city: string;
  @Column({ type: 'integer', default: 0 }) declare weight: number;
}

@Table('parcels', { label: 'oneTable.ParcelByCity' })
class ParcelByCity extends CachedModel {
  declare static objects: Manager<ParcelByCity>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', index: true }) declare city: string;

  @moneyclip()
  async neighbours(): Promise<number> {
    return ParcelByCity.objects.filter({ city: 'Bern' }).count();
  }
}

@Table('parcels', { label: 'oneTable.ParcelWeight' })
class ParcelWeight extends CachedModel {
  declare static objects: Manager<ParcelWeight>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer' }) declare weight: number;
}

@Table('badges', { label: 'oneTable.Badge' })
class Badge extends CachedModel {
  declare static objects: Manager<Badge>;
  declare static cache: CacheManager<Badge>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare code: string;
}

@Table('lockers', { label: 'oneTable.Locker' })
class Locker extends CachedModel {
  declare static objects: Manager<Locker>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare code: string;
  @Column({ type: 'integer', default: 0 }) declare size: number;
}

@Table('lockers', { label: 'oneTable.LockerByCode' })
class LockerByCode extends CachedModel {
  declare static cache: CacheManager<LockerByCode>;
  @PrimaryKey({ type: 'string' }) declare code: string;
  @Column({ type: 'integer', default: 0 }) declare size: number;
}

/** A model with a column that changes often, as some of its declarations say. */
function declareGauge(table: string, { label, volatile }: { readonly label: string; readonly volatile: boolean }) {
  @Table(table, { label })
  class Gauge extends CachedModel {
    declare static objects: Manager<Gauge>;
    @PrimaryKey() declare id: number;
    @Column({ type: 'string', index: true }) declare place: string;
    @Column({ type: 'string', default: '' }) declare title: string;
    @Column({ type: 'integer', volatile }) declare level: number;
  }
  return Gauge;
}

describe('models of one table', () => {
  forEachCombination((combination) => {
    let db: Database;

    beforeEach(async () => {
      db = await connect({
        database: await combination.databaseUrl(),
        cache: await combination.cacheUrl(),
        prefix: combination.freshPrefix(),
      });
      await db.createTables([Parcel]);
    });

    afterEach(() => db.close());

    it('hear of writes through each other, also where only one has an index', async () => {
      const parcel = await Parcel.create({ city: 'Bern' });
      const other = await ParcelByCity.objects.get({ id: parcel.id });
      expect(await other.neighbours()).to.equal(1);
      parcel.city = 'Basel';
      await parcel.save();
      expect(await other.neighbours()).to.equal(0);
    });

    it('hear of writes through one that does not know the indexed column', async () => {
      const [parcel, second] = await Parcel.objects.bulkCreate([{ city: 'Bern' }, { city: 'Bern' }]);
      const other = await ParcelByCity.objects.get({ id: parcel?.id ?? 0 });
      expect(await other.neighbours()).to.equal(2);
      await ParcelWeight.objects.filter({ id: second?.id ?? 0 }).delete();
      expect(await other.neighbours()).to.equal(1);
    });

    it('hear of rows that changed by keys which are not their own', async () => {
      await db.createTables([Locker]);
      const locker = await Locker.create({ code: 'north' });
      expect((await LockerByCode.cache.get('north')).size).to.equal(0);
      await db.knex('lockers').update({ size: 3 });
      await changed(Locker, [locker.id]);
      expect((await LockerByCode.cache.get('north')).size).to.equal(3);
    });

    it('hear of writes also where one that is declared later has no volatile columns', async () => {
      const table = `gauges_${Math.random().toString(36).slice(2)}`;
      const declared = declareGauge(table, { label: `oneTable.${table}`, volatile: true });
      await db.createTables([declared]);
      const gauge = await declared.create({ place: 'roof', level: 1 });
      const list = declared.objects.filter({ place: 'roof' }).cache();
      const titles = () => list.values('title');
      expect(await titles()).to.deep.equal([{ title: '' }]);
      declareGauge(table, { label: `oneTable.${table}.Plain`, volatile: false });
      await declared.objects.filter({ id: gauge.id }).update({ title: 'new' });
      expect(await titles()).to.deep.equal([{ title: 'new' }]);
    });

    it('have their unique values of one tick read in one statement', async () => {
      await db.createTables([Badge]);
      const badges = await Badge.objects.bulkCreate(Array.from({ length: 20 }, (_, index) => ({ code: `c${index}` })));
      const before = db.stats().statements;
      const found = await Promise.all(badges.map(({ code }) => Badge.cache.get({ code })));
      expect(found.map(({ id }) => id)).to.deep.equal(badges.map(({ id }) => id));
      expect(db.stats().statements - before, 'one for the keys, one for the rows').to.equal(2);
    });
  });
});
