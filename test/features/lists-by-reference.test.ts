import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  CachedModel,
  Column,
  ManyToMany,
  moneyclip,
  PrimaryKey,
  Table,
  transaction,
  type CacheManager,
  type CacheOptions,
  type Manager,
  type QuerySet,
  type RelatedSet,
} from '../../src/index.js';
import type { QueryEvent } from '../../src/telemetry/channels.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';

/** No column is volatile: its lists are kept whole where nothing else is said. */
@Table('kept_notes', { label: 'kept.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  declare static cache: CacheManager<Note>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare topic: number;
  @Column({ type: 'string' }) declare text: string;

  /** The texts of all notes of its topic. */
  @moneyclip()
  async beside(): Promise<string> {
    const notes = await Note.objects.filter({ topic: this.topic }).orderBy('id').cache({ rows: 'reference' }).all();
    return notes.map(({ text }) => text).join();
  }
}

@Table('kept_marks', { label: 'kept.Mark' })
class Mark extends CachedModel {
  declare static objects: Manager<Mark>;
  declare static cache: CacheManager<Mark>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @ManyToMany(() => Note, { relatedName: 'marks' }) declare readonly notes: RelatedSet<Note>;
}

/** Its lists are kept by reference where nothing else is said. */
@Table('kept_counters', { label: 'kept.Counter' })
class Counter extends CachedModel {
  declare static objects: Manager<Counter>;
  declare static cache: CacheManager<Counter>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare topic: number;
  @Column({ type: 'integer', volatile: true }) declare hits: number;
}

describe('lists whose rows are kept', () => {
  forEachCombination((combination) => {
    const current = counted(combination, [Note, Mark, Counter]);

    const notes = (options: CacheOptions = { rows: 'reference' }): QuerySet<Note> =>
      Note.objects.filter({ topic: 1 }).orderBy('id').cache(options);
    const texts = async (list: QuerySet<Note>): Promise<string[]> => (await list.all()).map(({ text }) => text);

    async function stock(): Promise<Note[]> {
      const rows = ['a', 'b', 'c'].map((text) => ({ text, topic: 1 }));
      const all = await Note.objects.bulkCreate([...rows, { text: 'd', topic: 2 }]);
      await Note.cache.find(0); // notices whatever the set-up did
      return all;
    }

    /** Reads until everything comes from the cache. */
    async function warm(list: { all(): Promise<unknown> }): Promise<void> {
      for (let turn = 0; turn < 3; turn += 1) await current().costOf(() => list.all());
      expect((await current().costOf(() => list.all())).sql, 'a warm list').to.equal(0);
    }

    /** How many statements `task` takes that look for the rows of a list, and how many that read rows by their keys. */
    async function selects(task: () => Promise<unknown>): Promise<{ lists: number; rows: number }> {
      const sent = { lists: 0, rows: 0 };
      const note = (event: unknown): void => {
        const { text } = event as QueryEvent; // what this channel carries
        if (/^SELECT.*WHERE.*"topic"/.test(text)) sent.lists += 1;
        else if (/^SELECT.*WHERE "id"/.test(text)) sent.rows += 1;
      };
      subscribe('moneyclip:query', note);
      try {
        await task();
      } finally {
        unsubscribe('moneyclip:query', note);
      }
      return sent;
    }

    describe('by reference', () => {
      it('outlive changes of their rows, of models without volatile columns too', async () => {
        const [first] = await stock();
        await warm(notes());
        if (first) await Object.assign(first, { text: 'A' }).save();
        const sent = await selects(async () => expect(await texts(notes())).to.deep.equal(['A', 'b', 'c']));
        expect(sent).to.deep.equal({ lists: 0, rows: 1 });
        await warm(notes());
      });

      it('are one command while nothing changes, and share their rows with the cache of rows', async () => {
        const [first] = await stock();
        await warm(notes());
        expect((await current().costOf(() => notes().all())).read).to.be.at.most(1);
        expect((await current().costOf(() => Note.cache.get(first?.id ?? 0))).sql).to.equal(0);
      });

      it('are right after rows come, go and move', async () => {
        const [first, second] = await stock();
        await warm(notes());
        await Note.create({ text: 'e', topic: 1 });
        expect(await texts(notes())).to.deep.equal(['a', 'b', 'c', 'e']);
        if (first) await Object.assign(first, { topic: 2 }).save();
        expect(await texts(notes())).to.deep.equal(['b', 'c', 'e']);
        await second?.delete();
        expect(await texts(notes())).to.deep.equal(['c', 'e']);
        await Note.objects.filter({ topic: 2 }).update({ topic: 1, text: 'x' });
        expect(await texts(notes())).to.deep.equal(['x', 'c', 'x', 'e']);
        await Note.objects.filter({ topic: 1 }).delete();
        expect(await texts(notes())).to.deep.equal([]);
      });

      it('are right in a transaction and after it', async () => {
        const [first] = await stock();
        await warm(notes());
        await transaction(async () => {
          if (first) await Object.assign(first, { text: 'A' }).save();
          expect(await texts(notes())).to.deep.equal(['A', 'b', 'c']);
        });
        expect(await texts(notes())).to.deep.equal(['A', 'b', 'c']);
      });

      it('are right where a page takes other rows in', async () => {
        const [first] = await stock();
        const page = notes().limit(2);
        await warm(page);
        await first?.delete();
        expect(await texts(page)).to.deep.equal(['b', 'c']);
      });

      it('are depended on row by row inside computed values', async () => {
        const [first, second, , other] = await stock();
        expect(await first?.beside()).to.equal('a,b,c');
        expect(await first?.beside()).to.equal('a,b,c');
        if (other) await Object.assign(other, { text: 'D' }).save();
        expect((await current().costOf(async () => first?.beside())).sql, 'a note of another topic').to.equal(0);
        if (second) await Object.assign(second, { text: 'B' }).save();
        expect(await first?.beside()).to.equal('a,B,c');
      });

      it('have all links of many-to-many relations, which are kept whole', async () => {
        const [first, second] = await stock();
        const [mark, other] = await Mark.objects.bulkCreate([{ name: 'red' }, { name: 'blue' }]);
        if (!first || !second || !mark || !other) throw new Error('they were stored');
        await mark.notes.add(first, second);
        await other.notes.add(second);
        const names = async (): Promise<string[]> => {
          const all = await Mark.objects.orderBy('id').prefetch('notes').cache({ rows: 'reference' }).all();
          return Promise.all(all.map(async ({ notes: own }) => (await own.all()).map(({ text }) => text).join()));
        };
        for (let turn = 0; turn < 3; turn += 1) expect(await names()).to.deep.equal(['a,b', 'b']);
        await other.notes.add(first);
        expect(await names()).to.deep.equal(['a,b', 'a,b']);
      });

      it('are whole all the same where every change of a row may end them', async () => {
        const [first] = await stock();
        const byText = notes().orderBy('text');
        await warm(byText);
        expect((await current().costOf(() => Note.cache.get(first?.id ?? 0))).sql, 'no row was kept').to.equal(1);
        if (first) await Object.assign(first, { text: 'z' }).save();
        expect(await texts(byText)).to.deep.equal(['b', 'c', 'z']);
      });
    });

    describe('whole', () => {
      it('end with a change of any row, where that is asked for and where no column is volatile', async () => {
        const [first] = await stock();
        for (const list of [notes({ rows: 'whole' }), notes({})]) {
          await warm(list);
          const text = `${first?.text}a`;
          if (first) await Object.assign(first, { text }).save();
          const sent = await selects(async () => expect(await texts(list)).to.deep.equal([text, 'b', 'c']));
          expect(sent).to.deep.equal({ lists: 1, rows: 0 });
        }
      });

      it('of models with volatile columns only where that is asked for', async () => {
        await Counter.objects.bulkCreate([0, 0].map((hits) => ({ topic: 1, hits })));
        await Counter.cache.find(0);
        const counters = Counter.objects.filter({ topic: 1 }).orderBy('id');
        const after = async (list: QuerySet<Counter>): Promise<object> => {
          await warm(list);
          await Counter.objects.filter({ topic: 1 }).limit(1).update({ hits: 1 });
          return selects(() => list.all());
        };
        expect(await after(counters.cache({ rows: 'whole' }))).to.deep.equal({ lists: 1, rows: 0 });
        await Counter.objects.filter({ topic: 1 }).update({ hits: 0 });
        expect(await after(counters.cache())).to.deep.equal({ lists: 0, rows: 1 });
      });
    });
  });
});
