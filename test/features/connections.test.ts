import { expect } from 'chai';
import {
  CachedModel,
  Column,
  connect,
  moneyclip,
  PrimaryKey,
  Table,
  transaction,
  UsageError,
  type CacheManager,
  type Database,
  type Manager,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { rejection, thrown } from '../support/rejection.js';

@Table('connections_notes', { label: 'connections.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  declare static cache: CacheManager<Note>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare text: string;
}

@Table('connections_books', { label: 'connections.Book' })
class Book extends CachedModel {
  declare static objects: Manager<Book>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare firstTitle: string;

  @moneyclip()
  async shouted(): Promise<string> {
    return this.firstTitle.toUpperCase();
  }
}

@Table('connections_notes', { label: 'connections.Report', connection: 'reports' })
class Report extends CachedModel {
  declare static objects: Manager<Report>;
  declare static cache: CacheManager<Report>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare text: string;
  @Column({ type: 'integer', default: 0 }) declare pageCount: number;
}

forEachCombination((combination) => {
  describe('two connections', () => {
    const db = connected(combination, [Note]);
    let reports: Database;

    before(async () => {
      const [database, cache] = await Promise.all([combination.databaseUrl(), combination.cacheUrl()]);
      reports = await connect({ name: 'reports', database, cache, prefix: combination.freshPrefix(), naming: 'same' });
      await reports.createTables([Report]);
    });
    beforeEach(async () => {
      await Report.objects.delete();
    });
    after(() => reports.close());

    it('keep their rows and what is cached of them apart', async () => {
      await Note.create({ id: 1, text: 'note' });
      await Report.create({ id: 1, text: 'report' });
      for (let round = 0; round < 2; round += 1) {
        expect([(await Note.cache.get(1)).text, (await Report.cache.get(1)).text]).to.deep.equal(['note', 'report']);
      }
      await Report.objects.update({ text: 'new' });
      expect([(await Note.cache.get(1)).text, (await Report.cache.get(1)).text]).to.deep.equal(['note', 'new']);
    });

    it('name columns each in its own way', async () => {
      await Report.create({ text: 'x', pageCount: 3 });
      expect(await reports.knex('connections_notes').pluck('pageCount')).to.deep.equal([3]);
    });

    it('have transactions of their own, which may stand inside each other', async () => {
      const undo = new Error('undo');
      const attempt = transaction(async () => {
        await Note.create({ text: 'undone' });
        await transaction(() => Report.create({ text: 'kept' }), { connection: 'reports' });
        throw undo;
      });
      expect(await rejection(attempt, Error)).to.equal(undo);
      expect([await Note.objects.count(), await Report.objects.count()]).to.deep.equal([0, 1]);
      await reports.transaction(async () => {
        expect(await Note.cache.explain(1)).to.include({ state: 'miss' });
        expect(await Report.cache.explain(1)).to.include({ state: 'bypass' });
      });
    });

    it('count for themselves', async () => {
      const before = db().stats().statements;
      await Report.create({ text: 'x' });
      expect(db().stats().statements).to.equal(before);
    });

    it('cannot have the same name', async () => {
      const message =
        "A connection named 'reports' is open. Close it first, or give this one another name: connect({ name }).";
      const database = await combination.databaseUrl();
      await rejection(connect({ name: 'reports', database }), UsageError, message);
      expect(await Report.objects.count()).to.equal(0);
    });
  });
});

describe('models without a connection', () => {
  it('say so, and what to write', async () => {
    const message = 'connections.Note has no connection: await connect({ database: … }) before the first query.';
    await rejection(Note.objects.all(), UsageError, message);
    await rejection(Note.create({ text: 'x' }), UsageError, message);
    await rejection(Note.cache.get(1), UsageError, message);
    await rejection(Note.cache.getMany([1]), UsageError, message);
    await rejection(Note.objects.filter({ id: 1 }).update({ text: 'x' }), UsageError, message);
    await rejection(Note.objects.delete(), UsageError, message);
    await rejection(Note.objects.bulkCreate([{ text: 'x' }]), UsageError, message);
    thrown(() => Note.cache.peek(1), UsageError, message);
    const reports =
      "connections.Report has no connection: await connect({ name: 'reports', database: … }) before the first query.";
    await rejection(Report.objects.count(), UsageError, reports);
    await rejection(
      transaction(async () => undefined),
      UsageError,
      'transaction() has no connection: await connect({ database: … }) before the first query.',
    );
  });

  it('say so too after theirs was closed, and use the next one, whose columns may have other names', async () => {
    const message =
      'connections.Book.shouted has no connection: await connect({ database: … }) before the first query.';
    for (const naming of ['snake_case', 'same', 'snake_case'] as const) {
      const db = await connect({ database: 'sqlite::memory:', naming });
      const book = new Book({ firstTitle: naming });
      try {
        await db.createTables([Book]);
        await book.save();
        expect(await book.shouted()).to.equal(naming.toUpperCase());
      } finally {
        await db.close();
      }
      await rejection(book.shouted(), UsageError, message);
    }
  });

  it('can be made and looked at', () => {
    const note = new Note({ text: 'x' });
    expect([note.isPersisted, note.toJSON()]).to.deep.equal([false, { id: undefined, text: 'x' }]);
  });
});
