import { expect } from 'chai';
import {
  CacheError,
  CachedModel,
  Column,
  ConnectionError,
  DatabaseError,
  ForeignKey,
  ForeignKeyViolationError,
  MoneyclipError,
  NotNullViolationError,
  PrimaryKey,
  Table,
  UniqueViolationError,
  ValidationError,
  type CacheManager,
  type Manager,
  type Related,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

@Table('errors_groups', { label: 'errors.Group' })
class Group extends CachedModel {
  declare static objects: Manager<Group>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', unique: true }) declare name: string;
}

@Table('errors_members', { label: 'errors.Member' })
class Member extends CachedModel {
  declare static objects: Manager<Member>;
  declare static cache: CacheManager<Member>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', nullable: true }) declare note: string | null;
  @ForeignKey(() => Group) declare group: Related<Group>;
  declare groupId: number;
}

/** The same table, with other ideas of it. */
@Table('errors_members', { label: 'errors.Wrong' })
class Wrong extends CachedModel {
  declare static objects: Manager<Wrong>;
  declare static cache: CacheManager<Wrong>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', nullable: true }) declare missing: string | null;
  @Column({ type: 'integer', nullable: true }) declare groupId: number | null;
}

/** The same table: says that a text is a number. */
@Table('errors_members', { label: 'errors.Mistyped' })
class Mistyped extends CachedModel {
  declare static objects: Manager<Mistyped>;
  declare static cache: CacheManager<Mistyped>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', nullable: true }) declare note: number | null;
  @Column({ type: 'integer', nullable: true }) declare groupId: number | null;
}

forEachCombination((combination) => {
  describe('errors of the database', () => {
    connected(combination, [Group, Member]);
    const onPostgres = combination.database === 'postgres';
    let group: Group;

    beforeEach(async () => {
      group = await Group.create({ name: 'secret name' });
    });

    it('tell in their stack which code of the application asked', async () => {
      const third = await Group.create({ name: 'third' });
      const attempts = {
        async applicationCreates() {
          await Group.create({ name: 'secret name' });
        },
        async applicationSaves() {
          await Object.assign(third, { name: 'secret name' }).save();
        },
        async applicationUpdates() {
          await Group.objects.filter({ name: 'third' }).update({ name: 'secret name' });
        },
        async applicationReads() {
          await Wrong.objects.get({ id: 1 });
        },
      };
      for (const [name, attempt] of Object.entries(attempts)) {
        expect((await rejection(attempt(), DatabaseError)).stack).to.contain(name);
      }
    });

    it('tell a value that another row has', async () => {
      for (const attempt of [
        () => Group.create({ name: 'secret name' }),
        () => Group.objects.bulkCreate([{ name: 'other' }, { name: 'secret name' }]),
        async () => Object.assign(await Group.create({ name: 'third' }), { name: 'secret name' }).save(),
        () => Group.objects.filter({ name: 'third' }).update({ name: 'secret name' }),
      ]) {
        const error = await rejection(attempt(), UniqueViolationError);
        expect(error).to.be.instanceOf(DatabaseError).and.instanceOf(MoneyclipError);
        expect(error).to.deep.include({ code: 'UNIQUE_VIOLATION', table: 'errors_groups', columns: ['name'] });
        expect(error.cause).to.be.instanceOf(Error);
        expect(error.message).to.match(/^errors\.Group: (INSERT|UPDATE) failed: another row has this value in /);
        expect(error.message).not.to.include('secret');
      }
    });

    it('tell a foreign key that points at nothing, and a row that is pointed at', async () => {
      const insert = await rejection(Member.create({ groupId: 999_999 }), ForeignKeyViolationError);
      expect(insert).to.include({ code: 'FOREIGN_KEY_VIOLATION' });
      await Member.create({ group });
      await rejection(group.delete(), ForeignKeyViolationError);
      await rejection(Group.objects.delete(), ForeignKeyViolationError);
      expect(await Group.objects.count()).to.equal(1);
    });

    it('tell a column that takes no null, where the model did not know', async () => {
      const error = await rejection(Mistyped.create({ note: null, groupId: null }), NotNullViolationError);
      expect(error).to.deep.include({ code: 'NOT_NULL_VIOLATION', table: 'errors_members', columns: ['group_id'] });
    });

    it('tell a column that the table has not', async () => {
      const error = await rejection(Wrong.objects.all(), DatabaseError);
      expect(error.code).to.equal('DATABASE');
      expect(error.message).to.include('errors.Wrong: SELECT failed').and.include('missing');
      await rejection(Wrong.cache.get(1), DatabaseError);
      await rejection(Wrong.create({ groupId: group.id }), DatabaseError);
    });

    it('tell what a column holds that its type cannot read', async () => {
      const { id } = await Member.create({ group, note: 'secret' });
      for (const read of [Mistyped.objects.get({ id }), Mistyped.cache.get(id), Mistyped.objects.all()]) {
        const error = await rejection(read, DatabaseError);
        expect(error.message).to.match(/^column 'note' holds what a integer column of this model cannot/);
        expect(error.message).not.to.include('secret');
      }
    });

    it('leave instance and cache as they were', async () => {
      const member = await Member.create({ group, note: 'a' });
      await Member.cache.get(member.id);
      Object.assign(member, { groupId: 999_999, note: 'b' });
      await rejection(member.save(), ForeignKeyViolationError);
      expect(Object.keys(member.changes())).to.deep.equal(['note', 'groupId']);
      expect(await Member.cache.get(member.id)).to.include({ note: 'a', groupId: group.id });
      member.groupId = group.id;
      await member.save();
      expect(await Member.cache.get(member.id)).to.include({ note: 'b' });
    });

    it('have one base class, a code and a name', () => {
      const errors = [new ConnectionError('x'), new CacheError('x'), new ValidationError('errors.Group', [])];
      expect(errors.map(({ name, code }) => [name, code])).to.deep.equal([
        ['ConnectionError', 'CONNECTION'],
        ['CacheError', 'CACHE'],
        ['ValidationError', 'VALIDATION'],
      ]);
      expect(errors.every((error) => error instanceof MoneyclipError)).to.equal(true);
    });

    it('name the constraint where the database does', async () => {
      const error = await rejection(Group.create({ name: 'secret name' }), UniqueViolationError);
      expect(error.constraint).to.equal(onPostgres ? 'errors_groups_name_key' : undefined);
    });
  });
});
