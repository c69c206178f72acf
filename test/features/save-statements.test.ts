import { expect } from 'chai';
import {
  CachedModel,
  Column,
  ForeignKey,
  PrimaryKey,
  Table,
  transaction,
  Version,
  type Manager,
  type Related,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { gate } from '../unit/database/books.js';
import { statementsOf } from '../support/recorded-statements.js';

@Table('save_owners', { label: 'saves.Owner' })
class Owner extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
}

@Table('save_notes', { label: 'saves.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true, nullable: true }) declare slug: string | null;
  @Column({ type: 'string' }) declare title: string;
  @Column({ type: 'integer', default: 0 }) declare views: number;
  @Column({ type: 'json', nullable: true }) declare meta: unknown;
  @ForeignKey(() => Owner, { nullable: true }) declare owner: Related<Owner | null>;
  declare ownerId: number | null;
}

@Table('save_versioned', { label: 'saves.Versioned' })
class Versioned extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @Version() declare version: number;
}

forEachCombination((combination) => {
  describe('the statement of a save', () => {
    const db = connected(combination, [Owner, Note, Versioned]);
    const onPostgres = combination.database === 'postgres';
    let note: Note;

    beforeEach(async () => {
      note = await Note.create({ slug: 'a', title: 'Money' });
    });

    /** The one statement, with `?` for every parameter. */
    async function statementOf(save: () => Promise<unknown>): Promise<string> {
      const texts = await statementsOf(save);
      expect(texts, texts.join('; ')).to.have.length(1);
      return texts[0]!.replaceAll(/\$\d+/g, '?');
    }

    const returning = (): string =>
      onPostgres
        ? '"id", "slug", "title", "views", "meta"::text, "owner_id"'
        : '"id", "slug", "title", "views", "meta", "owner_id"';

    it('sets what changed, if what others may depend on is as it was read, and answers the row', async () => {
      note.views = 1;
      note.title = 'Paper money';
      expect(await statementOf(() => note.save())).to.equal(
        'UPDATE "save_notes" SET "title" = ?, "views" = ? WHERE "id" = ? AND "slug" = ? AND "owner_id" IS NULL ' +
          `RETURNING ${returning()}`,
      );
    });

    it('tells null from a value in what it compares, and in what it sets', async () => {
      const owner = await Owner.create({ name: 'Ann' });
      note.owner = owner;
      note.slug = null;
      const both = 'UPDATE "save_notes" SET "slug" = ?, "owner_id" = ? WHERE "id" = ? AND';
      expect(await statementOf(() => note.save())).to.contain(`${both} "slug" = ? AND "owner_id" IS NULL `);
      note.owner = null;
      note.slug = 'b';
      expect(await statementOf(() => note.save())).to.contain(`${both} "slug" IS NULL AND "owner_id" = ? `);
      expect(await Note.objects.get({ id: note.id })).to.include({ slug: 'b', ownerId: null });
    });

    it('compares the version and sets it', async () => {
      const one = await Versioned.create({ title: 'a' });
      one.title = 'b';
      expect(await statementOf(() => one.save())).to.equal(
        'UPDATE "save_versioned" SET "title" = ?, "version" = ? WHERE "id" = ? AND "version" = ? ' +
          'RETURNING "id", "title", "version"',
      );
      expect(one.version).to.equal(2);
    });

    it('takes over what the database says of columns that it did not set', async () => {
      await db().knex('save_notes').update({ title: 'Coins', meta: '{"a":1}' });
      note.views = 5;
      await note.save();
      expect(note).to.include({ title: 'Coins', views: 5 });
      expect(note.meta).to.deep.equal({ a: 1 });
      expect(note.changes()).to.deep.equal({});
    });

    it('checks the columns that changed, and leaves alone what others stored elsewhere', async () => {
      note.views = 2;
      note.title = 7 as never; // not what the types allow
      const error: unknown = await note.save().catch((reason: unknown) => reason);
      expect(error).to.have.property('message', 'saves.Note: title expects text, got a number');
      expect((await Note.objects.get({ id: note.id })).views).to.equal(0);
    });

    it('follows the save of the same instance that was called before', async () => {
      for (let turn = 1; turn <= 20; turn += 1) {
        const saves: Promise<unknown>[] = [];
        for (let step = 0; step < 5; step += 1) {
          note.views = 10 * turn + step;
          note.title = `${turn} ${step}`;
          saves.push(note.save());
        }
        await Promise.all(saves);
        const last = { views: 10 * turn + 4, title: `${turn} 4` };
        expect(note).to.include(last);
        expect(note.changes()).to.deep.equal({});
        expect(await Note.objects.get({ id: note.id })).to.include(last);
      }
    });

    it('in a transaction does not wait for a save outside, which may wait for its lock', async () => {
      const [locked, saving] = [gate(), gate()];
      const inside = transaction(async () => {
        await Note.objects.filter({ id: note.id }).update({ views: 1 });
        locked.open();
        await saving.promise;
        note.views = 9;
        await note.save();
      });
      await locked.promise;
      note.title = 'outside';
      const outside = note.save();
      saving.open();
      await Promise.all([inside, outside]);
      expect(await Note.objects.get({ id: note.id })).to.include({ title: 'outside', views: 9 });
    });
  });
});
