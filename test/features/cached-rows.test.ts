import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import {
  connect,
  invalidateAll,
  RecordNotFoundError,
  transaction,
  UsageError,
  ValidationError,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { Document, libraryModels, User } from '../support/library-models.js';
import { rejection } from '../support/rejection.js';

describe('Model.cache', () => {
  forEachCombination((combination) => {
    const db = connected(combination, libraryModels);
    let author: User;
    let document: Document;

    beforeEach(async () => {
      author = await User.create({ username: 'ann', email: 'ann@example.org' });
      document = await Document.create({
        title: 'Hello',
        slug: 'hello',
        views: 3,
        meta: { tags: ['a', 'ü'], nested: { deep: null } },
        publishedAt: new Date(1_700_000_000_123),
        author,
      });
    });

    const state = async (id = document.id): Promise<string> => (await Document.cache.explain(id)).state;

    for (const [what, read] of [
      ['get', (id: number) => Document.cache.get(id)],
      ['find', (id: number) => Document.cache.find(id)],
      ['getMany', async (id: number) => (await Document.cache.getMany([id]))[0]],
      ['refresh', (id: number) => Document.cache.refresh(id)],
    ] as const) {
      it(`${what} gives a real instance, equal in every column to what the database gives, cold and warm`, async () => {
        const uncached = await Document.objects.get({ id: document.id });
        for (const temperature of ['cold', 'warm']) {
          const cached = await read(document.id);
          expect(cached, temperature).to.be.instanceOf(Document);
          expect(cached?.toJSON(), temperature).to.deep.equal(uncached.toJSON());
          expect(cached?.publishedAt, temperature).to.deep.equal(uncached.publishedAt);
          expect(cached?.isPersisted, temperature).to.equal(true);
          expect(cached?.changes(), temperature).to.deep.equal({});
        }
        expect(await state()).to.equal('hit');
      });
    }

    it('gives instances that nobody shares', async () => {
      const [first, second] = [await Document.cache.get(document.id), await Document.cache.get(document.id)];
      expect(first).to.not.equal(second);
      first.title = 'changed';
      (first.meta as { tags: string[] }).tags.push('b');
      first.publishedAt?.setTime(0);
      for (const other of [second, await Document.cache.get(document.id)]) {
        expect(other.toJSON()).to.deep.equal(document.toJSON());
      }
      const many = await Document.cache.getMany([document.id, document.id]);
      expect(many[0]).to.not.equal(many[1]);
    });

    it('gives instances that can be saved, and then shows what was saved', async () => {
      const cached = await Document.cache.get(document.id);
      cached.title = 'saved';
      cached.meta = { other: true };
      await cached.save();
      expect((await Document.cache.get(document.id)).toJSON()).to.deep.include({
        title: 'saved',
        meta: { other: true },
      });
    });

    it('get throws where there is no row, and find gives undefined, both also when warm', async () => {
      for (let time = 0; time < 2; time += 1) {
        const error = await rejection(
          Document.cache.get(4711),
          RecordNotFoundError,
          'library.Document: there is no row with this key',
        );
        expect(error.model).to.equal('library.Document');
        expect(await Document.cache.find(4711)).to.equal(undefined);
      }
      expect(await state(4711)).to.equal('hit');
    });

    it('getMany keeps the order, gives undefined for what is missing, and takes a key twice', async () => {
      const other = await Document.create({ title: 'Other', author });
      await Document.cache.get(other.id);
      const found = await Document.cache.getMany([4711, other.id, document.id, other.id]);
      expect(found.map((row) => row?.title)).to.deep.equal([undefined, 'Other', 'Hello', 'Other']);
      expect(await Document.cache.getMany([])).to.deep.equal([]);
    });

    it('getMany refuses a wrong key before it reads anything', async () => {
      const { statements } = db().stats();
      await rejection(Document.cache.getMany([document.id, 'x']), ValidationError);
      expect(db().stats().statements).to.equal(statements);
    });

    for (const [what, key, error] of [
      ['text for a number', 'x', ValidationError],
      ['a fraction', 1.5, ValidationError],
      ['null', null, UsageError],
      ['undefined', undefined, UsageError],
    ] as const) {
      it(`get rejects ${what} as a key`, async () => {
        await rejection(Document.cache.get(key as unknown as number), error); // a caller without types
      });
    }

    it('peek gives what this process holds and nothing else, without I/O', async () => {
      expect(Document.cache.peek(document.id)).to.equal(undefined);
      await Document.cache.get(document.id);
      const { statements } = db().stats();
      const peeked = Document.cache.peek(document.id);
      if (combination.cache === 'memory') expect(peeked?.toJSON()).to.deep.equal(document.toJSON());
      else expect(peeked).to.equal(undefined);
      document.title = 'new';
      await document.save();
      expect(Document.cache.peek(document.id)).to.equal(undefined);
      expect(db().stats().statements - statements).to.equal(1);
    });

    it('refresh reads from the database although the entry is valid', async () => {
      await Document.cache.get(document.id);
      const { statements } = db().stats();
      expect((await Document.cache.refresh(document.id))?.title).to.equal('Hello');
      expect(db().stats().statements - statements).to.equal(1);
      expect(await Document.cache.refresh(4711)).to.equal(undefined);
      expect(await state(4711)).to.equal('hit');
    });

    it('explain says why, and changes nothing', async () => {
      const explain = () => Document.cache.explain(document.id);
      const dependencies = [`r:library_documents:${document.id}`, 'b:library_documents'];
      expect(await explain()).to.deep.equal({
        state: 'miss',
        reason: 'nothing is stored under this key',
        ageMs: undefined,
        ttlMs: undefined,
        bytes: undefined,
        dependencies,
      });
      await Document.cache.get(document.id);
      const hit = await explain();
      expect(hit).to.deep.include({
        state: 'hit',
        reason: 'every stamp it was stored under is still current',
        dependencies,
      });
      expect(hit.bytes).to.be.above(50);
      expect(hit.ttlMs).to.be.within(50 * 60_000, 67 * 60_000);
      expect(hit.ageMs).to.be.within(0, 10_000);
      await document.delete();
      expect(await explain()).to.deep.include({
        state: 'miss',
        reason: 'something it depends on was written since it was stored',
      });
      await transaction(async () => {
        expect(await explain()).to.deep.include({ state: 'bypass', reason: 'inside a transaction' });
      });
    });

    it('keeps other rows when one is written', async () => {
      const other = await Document.create({ title: 'Other', author });
      await Document.cache.getMany([document.id, other.id]);
      other.title = 'changed';
      await other.save();
      expect([await state(document.id), await state(other.id)]).to.deep.equal(['hit', 'miss']);
    });

    it('forgets everything under its prefix by invalidateAll, and nothing of others', async () => {
      const [database, cache] = await Promise.all([combination.databaseUrl(), combination.cacheUrl()]);
      const neighbour = await connect({ name: 'neighbour', database, cache, prefix: combination.freshPrefix() });
      try {
        await neighbour.cache.set('mine', 1, { ttl: '1h' });
        await Document.cache.get(document.id);
        await invalidateAll();
        expect(await state()).to.equal('miss');
        expect(await neighbour.cache.get('mine')).to.equal(1);
      } finally {
        await neighbour.close();
      }
    });
  });

  it('with caching off or forbidden reads from the database each time, and says so', async () => {
    for (const [options, reason] of [
      [{ enabled: false }, 'caching is off (enabled: false)'],
      [{ policies: { 'library.*': false } }, 'its policy forbids caching'],
    ] as const) {
      const db = await connect({ database: 'sqlite::memory:', ...options });
      await db.createTables(libraryModels);
      const { id } = await User.create({ username: 'ann' });
      for (let time = 1; time <= 3; time += 1) {
        const { statements } = db.stats();
        expect((await User.cache.get(id)).username).to.equal('ann');
        expect((await User.cache.get({ username: 'ann' })).id).to.equal(id);
        expect(db.stats().statements - statements).to.equal(2);
      }
      expect(await User.cache.explain(id)).to.deep.include({ state: 'bypass', reason });
      expect(db.stats()).to.deep.include({ hits: 0, fills: 0, bypasses: 6 });
      await db.close();
    }
  });
});
