import { expect } from 'chai';
import { CachedModel, Column, connect, ManyToMany, PrimaryKey, Table, type Database } from '../../src/index.js';
import type { Manager, RelatedSet } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { namesOf } from '../support/linked-models.js';

@Table('shop_colours', { label: 'shop.Colour' })
class Colour extends CachedModel {
  declare static objects: Manager<Colour>;
  @PrimaryKey({ type: 'uuid' }) declare id: string;
  @Column({ type: 'string' }) declare name: string;
  declare readonly shirts: RelatedSet<Shirt>;
}

/** Whatever extends it has a link table of its own. */
abstract class Coloured extends CachedModel {
  @PrimaryKey({ type: 'bigint' }) declare id: bigint;
  @Column({ type: 'string' }) declare name: string;
  @ManyToMany('shop.Colour') declare readonly colours: RelatedSet<Colour>;
}

@Table('shop_shirts', { label: 'shop.Shirt' })
class Shirt extends Coloured {
  declare static objects: Manager<Shirt>;
  @ManyToMany(() => Colour, { table: 'shirt_dyes', columns: ['shirt', 'dye'], relatedName: 'shirts' })
  declare readonly dyes: RelatedSet<Colour>;
}

@Table('shop_hats', { label: 'shop.Hat' })
class Hat extends Coloured {
  declare static objects: Manager<Hat>;
}

const red = '00000000-0000-4000-8000-00000000000a';
const blue = '00000000-0000-4000-8000-00000000000b';

forEachCombination((combination) => {
  describe('link tables', () => {
    let db: Database;

    before(async () => {
      const [database, cache] = await Promise.all([combination.databaseUrl(), combination.cacheUrl()]);
      db = await connect({ database, cache, prefix: combination.freshPrefix() });
      await db.knex.schema.createTable('shirt_dyes', (table) => {
        table.bigInteger('shirt').notNullable();
        table.uuid('dye').notNullable();
        table.primary(['shirt', 'dye']);
      });
      await db.createTables([Colour, Shirt, Hat]);
      await db.createTables([Hat]); // again: nothing happens
      await Colour.objects.bulkCreate([
        { id: red, name: 'red' },
        { id: blue, name: 'blue' },
      ]);
    });
    after(() => db.close());

    it('are one for each model that inherits a relation, with keys of any type', async () => {
      const shirt = await Shirt.create({ name: 'shirt', id: 2n ** 62n });
      const hat = await Hat.create({ name: 'hat' });
      await shirt.colours.add(red, blue);
      await hat.colours.set([red]);
      expect(namesOf(await shirt.colours.all())).to.deep.equal(['blue', 'red']);
      expect(namesOf(await hat.colours.all())).to.deep.equal(['red']);
      const rows: unknown[] = await db.knex('shop_hats_colours').select();
      expect(rows).to.have.length(1);
      expect(rows[0]).to.have.keys('hat_id', 'colour_id');
      const [loaded] = await Shirt.objects.prefetch('colours').all();
      expect(namesOf((await loaded?.colours.all()) ?? [])).to.deep.equal(['blue', 'red']);
    });

    it('may be there already, under names of their own', async () => {
      const shirt = await Shirt.create({ name: 'dyed' });
      expect(await shirt.dyes.add(blue)).to.equal(1);
      expect(await shirt.dyes.add(blue)).to.equal(0);
      const colour = await Colour.objects.get({ id: blue });
      expect(namesOf(await colour.shirts.all())).to.deep.equal(['dyed']);
      const [row] = (await db.knex('shirt_dyes').select()) as { dye: string }[];
      expect(row?.dye).to.equal(blue);
      expect(await shirt.dyes.remove(colour)).to.equal(1);
    });
  });
});
