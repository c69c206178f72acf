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
      const parcel = await Parcel.create({ city: 'Bern' });
      const other = await ParcelByCity.objects.get({ id: parcel.id });
      expect(await other.neighbours()).to.equal(1);
      await ParcelWeight.objects.filter({ id: parcel.id }).delete();
      expect(await ParcelByCity.objects.filter({ city: 'Bern' }).count()).to.equal(0);
      const next = await Parcel.create({ city: 'Bern' });
      expect(await (await ParcelByCity.objects.get({ id: next.id })).neighbours()).to.equal(1);
    });

    it('have their unique values of one tick read in one statement', async () => {
      const parcels = await Parcel.objects.bulkCreate(Array.from({ length: 20 }, (_, index) => ({ city: `c${index}` })));
      const before = db.stats().statements;
      const found = await Promise.all(parcels.map(({ id }) => Parcel.cache.get({ id })));
      expect(found.map(({ city }) => city)).to.deep.equal(parcels.map(({ city }) => city));
      expect(db.stats().statements - before).to.equal(1);
    });
  });
});
