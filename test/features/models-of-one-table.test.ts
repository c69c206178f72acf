import { expect } from 'chai';
import {
  CachedModel,
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
