import { expect } from 'chai';
import {
  AfterCommit,
  AfterDelete,
  AfterSave,
  BeforeDelete,
  BeforeSave,
  CachedModel,
  Column,
  PrimaryKey,
  Table,
  transaction,
  UsageError,
  type CacheManager,
  type Manager,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { rejection, thrown } from '../support/rejection.js';

const log: string[] = [];

@Table('hooks_notes', { label: 'hooks.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  declare static cache: CacheManager<Note>;
  static failAt = '';

  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare text: string;
  @Column({ type: 'text', nullable: true }) declare slug: string | null;

  @BeforeSave() async beforeSave(): Promise<void> {
    await this.note('before save');
    this.slug = this.text.toLowerCase();
  }
  @AfterSave() afterSave(): Promise<void> {
    return this.note('after save');
  }
  @BeforeDelete() beforeDelete(): Promise<void> {
    return this.note('before delete');
  }
  @AfterDelete() afterDelete(): Promise<void> {
    return this.note('after delete');
  }
  @AfterCommit() afterCommit(): Promise<void> {
    return this.note('after commit');
  }

  async note(moment: string): Promise<void> {
    log.push(`${moment} ${this.text}, ${await Note.objects.count()} stored`);
    if (Note.failAt === moment) throw new Error(`fails ${moment}`);
  }
}

@Table('hooks_special_notes', { label: 'hooks.SpecialNote' })
class SpecialNote extends Note {
  declare static objects: Manager<SpecialNote>;

  override async afterSave(): Promise<void> {
    log.push('overridden after save');
  }
  @AfterSave() second(): void {
    log.push('second after save');
  }
}

/** What was logged since the last call. */
function logged(): string[] {
  return log.splice(0);
}

forEachCombination((combination) => {
  describe('hooks', () => {
    connected(combination, [Note, SpecialNote]);

    beforeEach(() => {
      Note.failAt = '';
      logged();
    });

    it('run around inserts, updates and deletes, and after the commit', async () => {
      const note = await Note.create({ text: 'A' });
      expect(logged()).to.deep.equal(['before save A, 0 stored', 'after save A, 1 stored', 'after commit A, 1 stored']);
      note.text = 'B';
      await note.save();
      expect(logged()).to.deep.equal(['before save B, 1 stored', 'after save B, 1 stored', 'after commit B, 1 stored']);
      await note.delete();
      expect(logged()).to.deep.equal([
        'before delete B, 1 stored',
        'after delete B, 0 stored',
        'after commit B, 0 stored',
      ]);
    });

    it('may change what is stored', async () => {
      const note = await Note.create({ text: 'ABC' });
      expect((await Note.objects.get({ id: note.id })).slug).to.equal('abc');
      expect((await Note.cache.get(note.id)).slug).to.equal('abc');
    });

    it('after a save run only where something was stored', async () => {
      const note = await Note.create({ text: 'A' });
      logged();
      await note.save();
      expect(logged()).to.deep.equal(['before save A, 1 stored']);
    });

    for (const moment of ['before save', 'after save']) {
      it(`that throw ${moment} prevent the insert`, async () => {
        Note.failAt = moment;
        const note = new Note({ text: 'A' });
        await rejection(note.save(), Error, `fails ${moment}`);
        expect(await Note.objects.count()).to.equal(0);
        expect([note.isPersisted, 'id' in note]).to.deep.equal([false, false]);
        expect(logged().filter((line) => line.startsWith('after commit'))).to.deep.equal([]);
        Note.failAt = '';
        await note.save();
        expect(await Note.objects.count()).to.equal(1);
      });

      it(`that throw ${moment} prevent the update, and the cache keeps the row`, async () => {
        const note = await Note.create({ text: 'A' });
        await Note.cache.get(note.id);
        Note.failAt = moment;
        note.text = 'B';
        await rejection(note.save(), Error, `fails ${moment}`);
        expect((await Note.objects.get({ id: note.id })).text).to.equal('A');
        expect((await Note.cache.get(note.id)).text).to.equal('A');
        Note.failAt = '';
        await note.save();
        expect((await Note.cache.get(note.id)).text).to.equal('B');
      });
    }

    for (const moment of ['before delete', 'after delete']) {
      it(`that throw ${moment} prevent the delete`, async () => {
        const note = await Note.create({ text: 'A' });
        Note.failAt = moment;
        await rejection(note.delete(), Error, `fails ${moment}`);
        expect(note.isPersisted).to.equal(true);
        expect(await Note.cache.find(note.id)).to.include({ text: 'A' });
      });
    }

    it('after a commit run after the outermost one, and never for what was rolled back', async () => {
      await transaction(async () => {
        await Note.create({ text: 'A' });
        await rejection(
          transaction(async () => {
            await Note.create({ text: 'B' });
            throw new Error('undo');
          }),
          Error,
        );
        await transaction(() => Note.create({ text: 'C' }));
        expect(logged().filter((line) => line.startsWith('after commit'))).to.deep.equal([]);
      });
      expect(logged()).to.deep.equal(['after commit A, 2 stored', 'after commit C, 2 stored']);
    });

    it('after a commit see the cache corrected already', async () => {
      const note = await Note.create({ text: 'A' });
      await Note.cache.get(note.id);
      let seen: string | undefined;
      const stop = Note.on('saved', async () => {
        seen = (await Note.cache.get(note.id)).text;
      });
      note.text = 'B';
      await note.save();
      stop();
      expect(seen).to.equal('B');
    });

    it('after a commit cannot undo the write: what they throw becomes a process warning', async () => {
      Note.failAt = 'after commit';
      const warned = new Promise<Error>((resolve) => void process.once('warning', resolve));
      const note = await Note.create({ text: 'A' });
      expect((await warned).message).to.equal('fails after commit');
      expect((await Note.cache.get(note.id)).text).to.equal('A');
    });

    it('run for each instance of a bulkCreate, which they can prevent wholly', async () => {
      await Note.objects.bulkCreate([{ text: 'A' }, { text: 'B' }]);
      expect(logged().map((line) => line.split(',')[0])).to.deep.equal([
        ...['before save A', 'before save B', 'after save A', 'after save B', 'after commit A', 'after commit B'],
      ]);
      Note.failAt = 'after save';
      await rejection(Note.objects.bulkCreate([{ text: 'C' }, { text: 'D' }]), Error, 'fails after save');
      expect(await Note.objects.count()).to.equal(2);
    });

    it('are inherited, once each, and may be overridden', async () => {
      await SpecialNote.create({ text: 'A' });
      expect(logged()).to.deep.equal([
        ...['before save A, 0 stored', 'overridden after save', 'second after save', 'after commit A, 0 stored'],
      ]);
    });
  });

  describe('signals', () => {
    connected(combination, [Note, SpecialNote]);

    it('tell of each save and delete once it is committed', async () => {
      const events: unknown[] = [];
      const stops = [
        Note.on('saved', ({ instance, created }) => void events.push(['saved', instance.text, created])),
        Note.on('deleted', ({ instance }) => void events.push(['deleted', instance.text])),
      ];
      const note = await Note.create({ text: 'A' });
      await transaction(async () => {
        note.text = 'B';
        await note.save();
        expect(events).to.deep.equal([['saved', 'A', true]]);
      });
      await note.save();
      await note.delete();
      const all = [
        ['saved', 'A', true],
        ['saved', 'B', false],
        ['deleted', 'B'],
      ];
      expect(events).to.deep.equal(all);
      for (const stop of stops) stop();
      await Note.create({ text: 'C' });
      expect(events).to.deep.equal(all);
    });

    it('tell nothing of what was rolled back', async () => {
      const events: string[] = [];
      const stop = Note.on('saved', ({ instance }) => void events.push(instance.text));
      await rejection(
        transaction(async () => {
          await Note.create({ text: 'A' });
          throw new Error('undo');
        }),
        Error,
      );
      stop();
      expect(events).to.deep.equal([]);
    });

    it('tell listeners of a class also of those that extend it', async () => {
      const events: string[] = [];
      const stop = Note.on('saved', ({ instance }) => void events.push(instance.constructor.name));
      await SpecialNote.create({ text: 'A' });
      stop();
      expect(events).to.deep.equal(['SpecialNote']);
    });

    it('have two names', () => {
      const message = "hooks.Note.on: there is no signal 'save'; did you mean 'saved'?";
      thrown(() => Note.on('save' as never, () => undefined), UsageError, message);
    });
  });
});
