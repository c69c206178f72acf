import { expect } from 'chai';
import {
  MultipleRecordsError,
  RecordNotFoundError,
  StaleRecordError,
  transaction,
  UniqueViolationError,
  UsageError,
  ValidationError,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { bulkModels, Counter, everyColumn, heard, Hooked, Item, Versioned } from '../support/bulk-models.js';
import { counted } from '../support/counted.js';
import { changesOf, described } from '../support/heard-changes.js';
import { statementsOf } from '../support/recorded-statements.js';
import { rejection } from '../support/rejection.js';

forEachCombination((combination) => {
  const isSqlite = combination.database !== 'postgres';

  describe('bulkUpdate', () => {
    const opened = counted(combination, bulkModels);

    /** Asks PostgreSQL for the types of the columns, which happens once. */
    beforeEach(async () => {
      const [item, versioned] = [await Item.create({}), await Versioned.create({})];
      item.views = 1;
      versioned.views = 1;
      await Item.objects.bulkUpdate([item], ['views']);
      await Versioned.objects.bulkUpdate([versioned], ['views']);
      await item.delete();
      await versioned.delete();
    });

    it('stores columns of many instances in one statement on PostgreSQL, in two in a transaction on SQLite', async () => {
      const items = await Item.objects.bulkCreate(Array.from({ length: 30 }, (_, n) => ({ slug: `s${n}` })));
      for (const item of items) Object.assign(item, { views: item.id, title: `new ${item.id}` });
      const { sql } = await opened().costOf(() => Item.objects.bulkUpdate(items, ['views', 'title']));
      expect(sql).to.equal(isSqlite ? 4 : 1);
      const stored = await Item.objects.orderBy('id').all();
      expect(stored.map(({ views, title }) => [views, title])).to.deep.equal(items.map(({ id }) => [id, `new ${id}`]));
      expect(items.every((item) => Object.keys(item.changes()).length === 0)).to.equal(true);
    });

    it('stores a value of every type, and null, exactly', async () => {
      const items = await Item.objects.bulkCreate([{}, {}, { ...everyColumn(9) }]);
      const [first, second, third] = items;
      if (!first || !second || !third) throw new Error('three were made');
      Object.assign(first, everyColumn(1));
      Object.assign(second, everyColumn(2));
      const names = Object.keys(everyColumn(1)) as (keyof Item & 'title')[];
      for (const name of names) {
        if (!['title', 'category', 'views'].includes(name)) Object.assign(third, { [name]: null });
      }
      await Item.objects.bulkUpdate(items, names);
      const stored = await Item.objects.orderBy('id').all();
      expect(stored.map((item) => item.toJSON())).to.deep.equal(items.map((item) => item.toJSON()));
      expect(stored[0]).to.deep.include(everyColumn(1));
      expect(stored[2]).to.deep.include({ big: null, data: null, tags: null, bytes: null, kind: null });
    });

    it('writes no column that an instance has not changed, and skips instances that changed nothing', async () => {
      const items = await Item.objects.bulkCreate([{}, {}, {}]);
      const [first, second] = items;
      if (!first || !second) throw new Error('three were made');
      await Item.objects.update({ views: 50 });
      first.title = 'a';
      second.category = 5;
      const changes = await changesOf(async () => {
        expect(await Item.objects.bulkUpdate(items, ['title', 'category', 'views'])).to.equal(2);
      });
      expect(described(changes, 'title', 'category', 'views')).to.deep.equal([
        'bulk.Item ,0,50 -> ,5,50',
        'bulk.Item ,0,50 -> a,0,50',
      ]);
      expect([first.views, second.views]).to.deep.equal([50, 50]);
      expect((await opened().costOf(() => Item.objects.bulkUpdate(items, ['title']))).sql).to.equal(0);
    });

    it('leaves what is assigned and not named', async () => {
      const item = await Item.create({});
      Object.assign(item, { title: 'a', views: 7 });
      await Item.objects.bulkUpdate([item], ['title']);
      expect(item.changes()).to.deep.equal({ views: { before: 0, after: 7 } });
      expect((await Item.objects.get({ id: item.id })).views).to.equal(0);
      await item.save();
      expect((await Item.objects.get({ id: item.id })).views).to.equal(7);
    });

    it('corrects rows and lists of the old values that the database had, and keeps the others', async () => {
      const counter = await Counter.create({});
      const [item, other] = await Item.objects.bulkCreate([{ category: 1 }, { category: 4 }]);
      if (!item || !other) throw new Error('two were made');
      await Item.objects.filter({ id: item.id }).update({ category: 2 });
      expect([await counter.items(1), await counter.items(2), await counter.items(4)]).to.deep.equal([0, 1, 1]);
      await Item.cache.getMany([item.id, other.id]);
      item.category = 3;
      await Item.objects.bulkUpdate([item], ['category']);
      expect((await opened().costOf(() => counter.items(4))).sql).to.equal(0);
      expect([await counter.items(2), await counter.items(3)]).to.deep.equal([0, 1]);
      expect((await Item.cache.get(item.id)).category).to.equal(3);
      expect((await Item.cache.explain(other.id)).state).to.equal('hit');
    });

    it('counts versions up, and refuses all where one was changed since it was read', async () => {
      const all = await Versioned.objects.bulkCreate([{}, {}]);
      for (const one of all) one.title = 'a';
      await Versioned.objects.bulkUpdate(all, ['title']);
      expect(all.map(({ version }) => version)).to.deep.equal([2, 2]);
      await Versioned.objects.orderBy('id').limit(1).update({ views: 1 });
      for (const one of all) one.title = 'b';
      await rejection(
        Versioned.objects.bulkUpdate(all, ['title']),
        StaleRecordError,
        'bulk.Versioned: bulkUpdate() found a row changed or deleted since it was read; nothing was updated, reload() them and try again',
      );
      expect(await Versioned.objects.filter({ title: 'a' }).count()).to.equal(2);
      expect(all.map(({ version }) => version)).to.deep.equal([2, 2]);
    });

    it('refuses all where a row is gone, or a value is wrong', async () => {
      const items = await Item.objects.bulkCreate([{}, {}]);
      const [first, second] = items;
      if (!first || !second) throw new Error('two were made');
      for (const item of items) item.views = 5;
      await Item.objects.filter({ id: first.id }).delete();
      await rejection(
        Item.objects.bulkUpdate(items, ['views']),
        RecordNotFoundError,
        'bulk.Item: bulkUpdate() found a row gone; it was deleted since it was read, and nothing was updated',
      );
      second.views = 0.5;
      await rejection(Item.objects.bulkUpdate([second], ['views']), ValidationError);
      expect((await Item.objects.get({ id: second.id })).views).to.equal(0);
    });

    it('runs the hooks of each instance that changed, and undoes all of it with its transaction', async () => {
      const all = await Hooked.objects.bulkCreate([{ slug: 'a' }, { slug: 'b' }]);
      heard.length = 0;
      for (const one of all) one.views = 1;
      await Hooked.objects.bulkUpdate(all, ['views']);
      expect(heard).to.deep.equal(['before a', 'before b', 'after a', 'after b', 'commit a', 'commit b']);
      await transaction(async () => {
        for (const one of all) one.views = 2;
        await Hooked.objects.bulkUpdate(all, ['views']);
        throw new Error('roll back');
      }).catch(() => undefined);
      expect(all.map(({ views, version }) => [views, version])).to.deep.equal([
        [2, 2],
        [2, 2],
      ]);
      await Hooked.objects.bulkUpdate(all, ['views']);
      expect(await Hooked.objects.filter({ views: 2, version: 3 }).count()).to.equal(2);
    });

    it('of more than 500 instances announces the table', async () => {
      const items = await Item.objects.bulkCreate(Array.from({ length: 501 }, () => ({})));
      for (const item of items) item.views = 1;
      expect(described(await changesOf(() => Item.objects.bulkUpdate(items, ['views'])))).to.deep.equal([
        'bulk.Item *',
      ]);
    });
  });

  describe('bulkCreate with ignoreConflicts', () => {
    counted(combination, bulkModels);

    it('stores what no unique constraint refuses, in one statement, and answers that', async () => {
      await Item.create({ slug: 'b', title: 'old' });
      const rows = [...['a', 'b', 'c', 'a'].map((slug) => ({ slug, title: 'new' })), { slug: null, title: 'none' }];
      let stored: Item[] = [];
      const changes = await changesOf(async () => {
        stored = await Item.objects.bulkCreate(rows, { ignoreConflicts: true });
      });
      expect(stored.map(({ slug, isPersisted }) => [slug, isPersisted])).to.deep.equal([
        ['a', true],
        ['c', true],
        [null, true],
      ]);
      expect(described(changes, 'slug')).to.deep.equal([
        'bulk.Item none -> a',
        'bulk.Item none -> c',
        'bulk.Item none -> null',
      ]);
      for (const one of stored) expect((await Item.objects.get({ id: one.id })).slug).to.equal(one.slug);
      expect((await Item.objects.get({ slug: 'b' })).title).to.equal('old');
    });

    it('by given keys, and with nothing left to store', async () => {
      const { id } = await Item.create({});
      expect(await Item.objects.bulkCreate([{ id }], { ignoreConflicts: true })).to.deep.equal([]);
      expect(await Item.objects.bulkCreate([], { ignoreConflicts: true })).to.deep.equal([]);
      const stored = await Item.objects.bulkCreate([{ id }, { id: id + 1 }], { ignoreConflicts: true });
      expect(stored.map((item) => item.id)).to.deep.equal([id + 1]);
    });

    it('runs the hooks before for all, and those after for what was stored', async () => {
      await Hooked.create({ slug: 'a' });
      heard.length = 0;
      await Hooked.objects.bulkCreate([{ slug: 'a' }, { slug: 'b' }], { ignoreConflicts: true });
      expect(heard).to.deep.equal(['before a', 'before b', 'after b', 'commit b']);
    });
  });

  describe('upsertMany', () => {
    const opened = counted(combination, bulkModels);

    it('inserts what is not there and updates what is, and says which', async () => {
      const old = await Item.create({ slug: 'b', title: 'old', views: 7, category: 1 });
      await Item.create({ slug: 'z', title: 'other' });
      const rows = ['a', 'b', 'c'].map((slug) => ({ slug, title: `new ${slug}`, category: 2 }));
      let answer: [Item, boolean][] = [];
      const changes = await changesOf(async () => {
        answer = await Item.objects.upsertMany(rows, { onConflict: ['slug'], update: ['title'] });
      });
      expect(
        answer.map(([{ slug, title, views, category }, created]) => [slug, title, views, category, created]),
      ).to.deep.equal([
        ['a', 'new a', 0, 2, true],
        ['b', 'new b', 7, 1, false],
        ['c', 'new c', 0, 2, true],
      ]);
      expect(answer[1]?.[0]).to.include({ id: old.id, isPersisted: true });
      expect(described(changes, 'slug', 'title', 'category')).to.deep.equal([
        'bulk.Item b,old,1 -> b,new b,1',
        'bulk.Item none -> a,new a,2',
        'bulk.Item none -> c,new c,2',
      ]);
      for (const [item] of answer) {
        expect((await Item.objects.get({ id: item.id })).toJSON()).to.deep.equal(item.toJSON());
      }
    });

    it('costs one statement for what is new, and one or two for what is there, in a transaction', async () => {
      const rows = ['a', 'b', 'c'].map((slug) => ({ slug, title: slug }));
      const upsert = () => Item.objects.upsertMany(rows, { onConflict: ['slug'] });
      expect((await opened().costOf(upsert)).sql).to.equal(3);
      await upsert();
      expect((await opened().costOf(upsert)).sql).to.equal(isSqlite ? 5 : 4);
    });

    it('updates by default all that is given but the target, and nothing where told so', async () => {
      await Item.create({ slug: 'a', title: 'old', views: 7 });
      await Item.objects.upsertMany([{ slug: 'a', title: 'new' }], { onConflict: ['slug'] });
      expect(await Item.objects.get({ slug: 'a' })).to.include({ title: 'new', views: 7 });
      const changes = await changesOf(async () => {
        const [[item, created] = []] = await Item.objects.upsertMany([{ slug: 'a', title: 'newer' }], {
          onConflict: ['slug'],
          update: [],
        });
        expect([item?.title, item?.isPersisted, created]).to.deep.equal(['new', true, false]);
      });
      expect(changes).to.deep.equal([]);
    });

    it('stores a value of every type in both arms, by the primary key too', async () => {
      const rows = [1, 2].map((n) => ({ id: n, slug: `s${n}`, ...everyColumn(n) }));
      await Item.objects.upsertMany(rows, { onConflict: ['id'] });
      const next = [1, 2, 3].map((n) => ({ id: n, slug: `s${n}`, ...everyColumn(n + 100) }));
      const answer = await Item.objects.upsertMany(next, { onConflict: ['id'] });
      expect(answer.map(([, created]) => created)).to.deep.equal([false, false, true]);
      const stored = await Item.objects.orderBy('id').all();
      expect(stored.map((item) => item.toJSON())).to.deep.equal(answer.map(([item]) => item.toJSON()));
      expect(stored[0]).to.deep.include(everyColumn(101));
    });

    it('corrects rows, lists and unique values, also answers that there is no such row', async () => {
      const counter = await Counter.create({});
      const old = await Item.create({ slug: 'a', category: 1 });
      expect(await Item.cache.find({ slug: 'b' })).to.equal(undefined);
      await Item.cache.get({ slug: 'a' });
      expect([await counter.items(1), await counter.items(2), await counter.items(3)]).to.deep.equal([1, 0, 0]);
      const rows = ['a', 'b'].map((slug) => ({ slug, category: 2 }));
      await Item.objects.upsertMany(rows, { onConflict: ['slug'] });
      expect((await Item.cache.get(old.id)).category).to.equal(2);
      expect((await Item.cache.find({ slug: 'b' }))?.category).to.equal(2);
      expect((await opened().costOf(() => counter.items(3))).sql).to.equal(0);
      expect([await counter.items(1), await counter.items(2)]).to.deep.equal([0, 2]);
    });

    it('counts versions up and runs hooks and signals of what was written', async () => {
      await Hooked.create({ slug: 'a' });
      heard.length = 0;
      const created: boolean[] = [];
      const stop = Hooked.on('saved', (event) => void created.push(event.created));
      const answer = await Hooked.objects.upsertMany(
        ['a', 'b'].map((slug) => ({ slug, views: 1 })),
        { onConflict: ['slug'] },
      );
      stop();
      expect(answer.map(([{ version }]) => version)).to.deep.equal([2, 1]);
      expect(heard.toSorted()).to.deep.equal(
        ['before a', 'before b', 'after a', 'after b', 'commit a', 'commit b'].toSorted(),
      );
      expect(new Set(created)).to.deep.equal(new Set([false, true]));
    });

    it('changes nothing where one row is refused', async () => {
      await Item.create({ id: 900, slug: 'x' });
      const rows = [{ slug: 'a' }, { id: 900, slug: 'b' }];
      await rejection(Item.objects.upsertMany(rows, { onConflict: ['slug'] }), UniqueViolationError);
      expect(await Item.objects.count()).to.equal(1);
      await rejection(Item.objects.upsertMany([{ slug: 'a', views: 0.5 }], { onConflict: ['slug'] }), ValidationError);
    });

    it('says so where the target is not unique', async () => {
      for (const onConflict of [['title'], ['slug', 'title']] as const) {
        await rejection(
          Item.objects.upsertMany([{ slug: 'a', title: 'a' }], { onConflict }),
          UsageError,
          `bulk.Item: onConflict names ${onConflict.join(', ')}, but the table has no unique constraint on exactly that; name the columns of one`,
        );
      }
    });

    it('takes a unique constraint of several columns that the table has', async () => {
      await opened().db.knex.raw(
        'CREATE UNIQUE INDEX IF NOT EXISTS bulk_title_category ON bulk_items (title, category)',
      );
      await Item.create({ title: 't', category: 1, views: 1 });
      const rows = [1, 2].map((category) => ({ title: 't', category, views: 9 }));
      const answer = await Item.objects.upsertMany(rows, { onConflict: ['title', 'category'] });
      expect(answer.map(([{ views }, created]) => [views, created])).to.deep.equal([
        [9, false],
        [9, true],
      ]);
      await opened().db.knex.raw('DROP INDEX bulk_title_category');
    });

    it('of more than 500 rows announces the table', async () => {
      const rows = Array.from({ length: 501 }, (_, n) => ({ slug: `s${n}` }));
      const changes = await changesOf(() => Item.objects.upsertMany(rows, { onConflict: ['slug'] }));
      expect(described(changes)).to.deep.equal(['bulk.Item *']);
    });
  });

  describe('getOrCreate and updateOrCreate', () => {
    counted(combination, bulkModels);

    it('answer the row, or a new one with the defaults', async () => {
      const [made, created] = await Item.objects.getOrCreate({ slug: 'a' }, { defaults: { title: 'new' } });
      expect([made.title, made.slug, created]).to.deep.equal(['new', 'a', true]);
      const [found, again] = await Item.objects.getOrCreate({ slug: 'a' }, { defaults: { title: 'other' } });
      expect([found.id, found.title, again]).to.deep.equal([made.id, 'new', false]);
      expect((await Item.objects.getOrCreate({ slug: 'b' }))[0].title).to.equal('');
    });

    it('change the row, or make one with the changes', async () => {
      const [made, created] = await Item.objects.updateOrCreate({ slug: 'a' }, { views: 1 });
      const [changed, again] = await Item.objects.updateOrCreate({ slug: 'a' }, { views: 2, title: 't' });
      expect([made.views, created, changed.id, again]).to.deep.equal([1, true, made.id, false]);
      expect(await Item.objects.get({ slug: 'a' })).to.include({ views: 2, title: 't' });
    });

    it('from 20 callers at once make one row', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => Item.objects.getOrCreate({ slug: 'a' }, { defaults: { title: 't' } })),
      );
      expect(answers.filter(([, created]) => created)).to.have.length(1);
      expect(new Set(answers.map(([{ id }]) => id)).size).to.equal(1);
      const updates = await Promise.all(
        Array.from({ length: 20 }, (_, n) => Item.objects.updateOrCreate({ slug: 'b' }, { views: n })),
      );
      expect(updates.filter(([, created]) => created)).to.have.length(1);
      expect(await Item.objects.count()).to.equal(2);
    });

    it('correct what the cache has said of the row', async () => {
      expect(await Item.cache.find({ slug: 'a' })).to.equal(undefined);
      const [{ id }] = await Item.objects.getOrCreate({ slug: 'a' });
      expect((await Item.cache.get({ slug: 'a' })).id).to.equal(id);
      await Item.objects.updateOrCreate({ slug: 'a' }, { views: 3 });
      expect((await Item.cache.get({ slug: 'a' })).views).to.equal(3);
    });

    it('go on in a transaction, and are undone with it', async () => {
      await transaction(async () => {
        await Item.objects.getOrCreate({ slug: 'a' });
        await Item.objects.updateOrCreate({ slug: 'a' }, { views: 1 });
        expect(await Item.objects.count()).to.equal(1);
        throw new Error('roll back');
      }).catch(() => undefined);
      expect(await Item.objects.count()).to.equal(0);
    });

    it('refuse values that several rows have, and those of another row', async () => {
      await Item.objects.bulkCreate([{ title: 't' }, { title: 't', slug: 's' }]);
      const message = 'bulk.Item: more than one row matches; look by values that are unique';
      await rejection(Item.objects.getOrCreate({ title: 't' }), MultipleRecordsError, message);
      await rejection(Item.objects.updateOrCreate({ title: 't' }, { views: 1 }), MultipleRecordsError, message);
      await rejection(Item.objects.getOrCreate({ title: 'u' }, { defaults: { slug: 's' } }), UniqueViolationError);
    });

    it('read once where the row is there', async () => {
      await Item.create({ slug: 'a' });
      expect(await statementsOf(() => Item.objects.getOrCreate({ slug: 'a' }))).to.have.length(1);
    });
  });
});
