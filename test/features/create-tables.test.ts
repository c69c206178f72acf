import { expect } from 'chai';
import { CachedModel, Column, ForeignKey, OneToOne, PrimaryKey, Table, type Related } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

const long = 'a_table_with_a_name_of_nearly_sixty_three_characters_in_all';

@Table('tables_left', { label: 'tables.Left' })
class Left extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 10, unique: true }) declare code: string;
  @Column({ type: 'text', index: true, nullable: true, name: 'Some "Name"' }) declare quoted: string | null;
  @ForeignKey(() => Right, { nullable: true, onDelete: 'set null' }) declare right: Related<Right | null>;
  @ForeignKey(() => Left, { nullable: true, onDelete: 'cascade' }) declare parent: Related<Left | null>;
}

@Table('tables_right', { label: 'tables.Right' })
class Right extends CachedModel {
  @PrimaryKey({ type: 'uuid' }) declare id: string;
  @OneToOne('tables.Left', { nullable: true }) declare left: Related<Left | null>;
}

@Table(long, { label: 'tables.Long' })
class Long extends CachedModel {
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Left, { nullable: true, onDelete: 'cascade' }) declare aRelationWithALongName: Related<Left | null>;
  @ForeignKey(() => Left, { nullable: true, onDelete: 'cascade' })
  declare aRelationWithALongNameToo: Related<Left | null>;
}

const id = '00000000-0000-0000-0000-000000000001';

forEachCombination((combination) => {
  describe('createTables', () => {
    const db = connected(combination, []);

    beforeEach(async () => {
      await db().createTables([Left, Right, Long]);
      const { knex } = db();
      await knex(long).delete();
      await knex('tables_left').update({ right_id: null, parent_id: null });
      await knex('tables_right').delete();
      await knex('tables_left').delete();
    });

    it('makes tables of models that point at each other and at themselves', async () => {
      const parent = await Left.create({ code: 'p' });
      const right = await Right.create({ id, left: parent });
      const left = await Left.create({ code: 'c', right, parent, quoted: 'x' });
      expect(left).to.include({ rightId: id, parentId: parent.id, quoted: 'x' });
    });

    it('changes nothing that exists, however often it is called', async () => {
      await Left.create({ code: 'a' });
      await db().createTables([Right, Left, Long]);
      expect(await Left.objects.count()).to.equal(1);
    });

    it('declares unique columns, columns that take no null, and foreign keys with what happens on delete', async () => {
      const { knex } = db();
      await knex('tables_left').insert({ code: 'a' });
      await rejection(knex('tables_left').insert({ code: 'a' }), Error);
      await rejection(knex('tables_left').insert({ code: null }), Error);
      await rejection(knex('tables_left').insert({ code: 'b', parent_id: 999_999 }), Error);
      await knex('tables_right').insert({ id });
      await knex('tables_left').update({ right_id: id });
      await knex('tables_right').delete();
      expect(await knex('tables_left').pluck('right_id')).to.deep.equal([null]);
    });

    it('makes an index for each indexed column and foreign key', async () => {
      const { knex } = db();
      const indexes =
        combination.database === 'postgres'
          ? await knex('pg_indexes').whereIn('tablename', ['tables_left', long]).pluck<string[]>('indexdef')
          : await knex('sqlite_master').where({ type: 'index' }).whereNotNull('sql').pluck<string[]>('sql');
      for (const column of [
        '"Some ""Name"""',
        'right_id',
        'parent_id',
        'a_relation_with_a_long_name_id',
        'a_relation_with_a_long_name_too_id',
      ]) {
        const bare = column.startsWith('"') ? column : `"?${column}"?`;
        expect(
          indexes.filter((sql) => new RegExp(`\\(${bare}\\)`).test(sql)),
          column,
        ).to.have.length(1);
      }
    });

    it('makes all or none of the tables', async () => {
      @Table('tables_first', { label: 'tables.First' })
      class First extends CachedModel {
        @PrimaryKey() declare id: number;
      }
      @Table('tables_second', { label: 'tables.Second' })
      class Second extends CachedModel {
        @PrimaryKey() declare id: number;
        @Column({ type: 'text', name: 'a'.repeat(40), index: true }) declare one: string;
        @ForeignKey('tables.Nowhere') declare nowhere: Related<First>;
      }
      await rejection(db().createTables([First, Second]), Error);
      expect(await db().knex.schema.hasTable('tables_first')).to.equal(false);
    });
  });

  if (combination.database === 'postgres') {
    describe('createTables in another schema', () => {
      const db = connected(combination, []);

      it('takes the part before the dot for the schema', async () => {
        @Table('apart.owners', { label: 'apart.Owner' })
        class Owner extends CachedModel {
          @PrimaryKey() declare id: number;
        }
        @Table('apart.things', { label: 'apart.Thing' })
        class Thing extends CachedModel {
          @PrimaryKey() declare id: number;
          @Column({ type: 'text', index: true }) declare name: string;
          @ForeignKey(() => Owner, { onDelete: 'cascade' }) declare owner: Related<Owner>;
        }
        await db().knex.raw('CREATE SCHEMA apart');
        await db().createTables([Owner, Thing]);
        await db().createTables([Owner, Thing]);
        const thing = await Thing.create({ name: 'x', owner: await Owner.create({}) });
        expect(((await Thing.cache.get(thing.id)) as Thing).name).to.equal('x');
        expect(await Thing.objects.orderBy('-name').all()).to.have.length(1);
        await (await thing.owner).delete();
        expect(await Thing.cache.find(thing.id)).to.equal(undefined);
      });
    });
  }
});
