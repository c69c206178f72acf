import { expect } from 'chai';
import {
  CachedModel,
  Column,
  connect,
  DatabaseError,
  PrimaryKey,
  Table,
  withoutInvalidation,
  type CacheManager,
  type Database,
  type Manager,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';

@Table('early_notes', { label: 'early.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  declare static cache: CacheManager<Note>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', index: true }) declare shelf: string;
  @Column({ type: 'string' }) declare title: string;
  @Column({ type: 'datetime', nullable: true }) declare seenAt: Date | null;
}

@Table('early_tenants', { label: 'early.Tenants', connection: 'tenants' })
class Tenants extends CachedModel {
  declare static cache: CacheManager<Tenants>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
}

@Table('early_shown', { label: 'early.Shown' })
class Shown extends CachedModel {
  declare static cache: CacheManager<Shown>;
  static override readonly repopulate = true;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
}

@Table('early_counted', { label: 'early.Counted' })
class Counted extends CachedModel {
  declare static objects: Manager<Counted>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @Column({ type: 'integer', volatile: true }) declare views: number;
}

/** What others depend on is told of before the rest of the stored row is looked at; all of it must be right all the same. */
forEachCombination((combination) => {
  describe('what a save tells while its row is read', () => {
    const db = connected(combination, [Note, Counted, Shown]);
    let note: Note;

    beforeEach(async () => {
      note = await Note.create({ shelf: 'a', title: 'old' });
    });

    const onShelf = (shelf: string): Promise<number> => Note.objects.filter({ shelf }).cache().count();
    const invalidations = (): number => db().stats().labels['early.Note']?.invalidations ?? 0;

    it('ends the row, and is counted once', async () => {
      await Note.cache.get(note.id);
      const before = invalidations();
      note.title = 'new';
      await note.save();
      expect((await Note.cache.get(note.id)).title).to.equal('new');
      expect(invalidations() - before).to.equal(1);
    });

    it('is of the true values where the row is not as it was read, and counted once', async () => {
      expect([await onShelf('a'), await onShelf('b'), await onShelf('c')]).to.deep.equal([1, 0, 0]);
      await withoutInvalidation(async () => {
        await Note.objects.filter({ id: note.id }).update({ shelf: 'b' });
      });
      expect(await onShelf('b')).to.equal(0); // as nobody was told
      const before = invalidations();
      note.shelf = 'c';
      await note.save();
      expect([await onShelf('b'), await onShelf('c')]).to.deep.equal([0, 1]);
      expect(invalidations() - before).to.equal(1);
    });

    it('is followed by reading the row back into the cache, where that is wanted', async () => {
      const { id } = await Shown.create({ title: 'old' });
      const shown = await Shown.cache.get(id);
      shown.title = 'new';
      await shown.save();
      const misses = (): number => db().stats().labels['early.Shown']?.misses ?? 0;
      const before = misses();
      expect((await Shown.cache.get(id)).title).to.equal('new');
      expect(misses() - before).to.equal(0);
    });

    it('is kept back where nothing is to be told', async () => {
      await Note.cache.get(note.id);
      note.title = 'new';
      const before = invalidations();
      await withoutInvalidation(() => note.save());
      if (combination.database === 'postgres') expect((await Note.cache.get(note.id)).title).to.equal('old');
      expect(invalidations() - before).to.equal(0);
    });

    if (combination.database !== 'postgres') return;

    async function withTrigger(assignment: string, task: () => Promise<void>, table = 'early_notes'): Promise<void> {
      const { knex } = db();
      await knex.raw(
        `CREATE FUNCTION early_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${assignment}; RETURN NEW; END $$`,
      );
      try {
        await knex.raw(`CREATE TRIGGER early BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION early_change()`);
        await task();
      } finally {
        await knex.raw('DROP FUNCTION early_change() CASCADE');
      }
    }

    it('is of the values that a trigger gives', async () => {
      expect([await onShelf('a'), await onShelf('b'), await onShelf('c')]).to.deep.equal([1, 0, 0]);
      await withTrigger(`NEW.shelf := 'b'`, async () => {
        note.title = 'new';
        await note.save();
        expect([await onShelf('a'), await onShelf('b')]).to.deep.equal([0, 1]);
        note.shelf = 'c';
        await note.save();
        expect([await onShelf('b'), await onShelf('c')]).to.deep.equal([1, 0]);
      });
      expect(note.shelf).to.equal('b');
    });

    it('is of all columns that a trigger changes, where some are volatile', async () => {
      const { id } = await Counted.create({ title: 'old', views: 0 });
      const titles = (): Promise<unknown[]> => Counted.objects.filter({ id }).cache().values('title');
      expect(await titles()).to.deep.equal([{ title: 'old' }]);
      const counted = await Counted.objects.get({ id });
      await withTrigger(
        `NEW.title := 'of the trigger'`,
        async () => {
          counted.views = 1;
          await counted.save();
        },
        'early_counted',
      );
      expect(await titles()).to.deep.equal([{ title: 'of the trigger' }]);
    });

    it('ends the row also where what is stored cannot be read', async () => {
      await Note.cache.get(note.id);
      await withTrigger(`NEW.seen_at := 'infinity'`, async () => {
        note.title = 'new';
        expect(await note.save().catch((error: unknown) => error)).to.be.instanceOf(DatabaseError);
      });
      expect(await Note.cache.get(note.id).catch((error: unknown) => error)).to.be.instanceOf(DatabaseError);
    });

    it('ends what others depend on also where it cannot be read by any of them', async () => {
      expect(await onShelf('a')).to.equal(1);
      await withTrigger(`NEW.seen_at := 'infinity'; NEW.shelf := 'b'`, async () => {
        note.title = 'new';
        expect(await note.save().catch((error: unknown) => error)).to.be.instanceOf(DatabaseError);
      });
      expect(await onShelf('a')).to.equal(0);
    });

    it('is under the prefix that holds when the row was written', async () => {
      let prefix = combination.freshPrefix();
      const [database, cache] = await Promise.all([combination.databaseUrl(), combination.cacheUrl()]);
      const [first, second] = [prefix, combination.freshPrefix()];
      const tenants: Database = await connect({ name: 'tenants', database, cache, prefix: () => prefix });
      try {
        await tenants.createTables([Tenants]);
        const { id } = await Tenants.create({ title: 'old' });
        for (prefix of [first, second]) await Tenants.cache.get(id);
        prefix = first;
        const held = await Tenants.cache.get(id);
        held.title = 'new';
        const saving = held.save();
        prefix = second; // while the database writes
        await saving;
        expect((await Tenants.cache.get(id)).title).to.equal('new');
      } finally {
        await tenants.close();
      }
    });
  });
});
