import { expect } from 'chai';
import {
  CachedModel,
  Column,
  connect,
  ForeignKey,
  PrimaryKey,
  Table,
  type CacheManager,
  type Database,
  type Related,
} from '../../src/index.js';
import { freshDatabase } from '../setup/fresh.js';

@Table('shelves', { label: 'sideEffects.Shelf' })
class Shelf extends CachedModel {
  declare static cache: CacheManager<Shelf>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
}

@Table('counters', { label: 'sideEffects.Counter' })
class Counter extends CachedModel {
  declare static cache: CacheManager<Counter>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer' }) declare count: number;
}

@Table('boxes', { label: 'sideEffects.Box' })
class Box extends CachedModel {
  declare static cache: CacheManager<Box>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Shelf, { onDelete: 'cascade' }) declare shelf: Related<Shelf>;
  declare shelfId: number;
}

for (const kind of ['sqlite', 'sqlite-memory'] as const) {
  describe(`what a write changes besides its own rows on ${kind}`, () => {
    let db: Database;

    beforeEach(async () => {
      db = await connect({ database: await freshDatabase(kind) });
      await db.createTables([Shelf, Counter, Box]);
    });

    afterEach(() => db.close());

    it('sees what a trigger of the user changes along with a save', async () => {
      const counter = await Counter.create({ count: 0 });
      await db.knex.raw(
        'CREATE TRIGGER count_shelves AFTER INSERT ON shelves BEGIN UPDATE counters SET count = count + 1; END',
      );
      expect((await Counter.cache.get(counter.id)).count).to.equal(0);
      await Shelf.create({ name: 'A' });
      expect((await Counter.cache.get(counter.id)).count).to.equal(1);
    });

    it('sees what a trigger changes along with a delete that cascades', async () => {
      const counter = await Counter.create({ count: 0 });
      const shelf = await Shelf.create({ name: 'A' });
      const box = await Box.create({ shelf });
      await db.knex.raw(
        'CREATE TRIGGER count_boxes AFTER DELETE ON boxes BEGIN UPDATE counters SET count = count + 1; END',
      );
      await Counter.cache.get(counter.id);
      await shelf.delete();
      expect(await Box.cache.find(box.id)).to.equal(undefined);
      expect((await Counter.cache.get(counter.id)).count).to.equal(1);
    });

    it('sees the rows of a cascade that no model declares', async () => {
      await db.knex.raw(
        'CREATE TABLE notes (id INTEGER PRIMARY KEY, shelf_id INTEGER REFERENCES shelves (id) ON DELETE CASCADE)',
      );
      @Table('notes', { label: 'sideEffects.Note' })
      class Note extends CachedModel {
        declare static cache: CacheManager<Note>;
        @PrimaryKey() declare id: number;
        @Column({ type: 'integer' }) declare shelfId: number;
      }
      const shelf = await Shelf.create({ name: 'A' });
      const note = await Note.create({ shelfId: shelf.id });
      await Note.cache.get(note.id);
      await db.knex.raw('DROP TABLE boxes');
      await Note.cache.get(note.id);
      await shelf.delete();
      expect(await Note.cache.find(note.id)).to.equal(undefined);
    });

    it('keeps what a declared cascade does not touch', async () => {
      const counter = await Counter.create({ count: 0 });
      const shelf = await Shelf.create({ name: 'A' });
      await Box.create({ shelf });
      await Counter.cache.get(counter.id);
      await shelf.delete();
      expect((await Counter.cache.explain(counter.id)).state).to.equal('hit');
    });
  });
}
