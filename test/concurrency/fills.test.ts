import { expect } from 'chai';
import { describe, it } from 'mocha';
import { transaction } from '../../src/index.js';
import { forEachEnvironment } from './support/environment.js';
import { Hold } from './support/hold.js';
import { Article, Author, scripts } from './support/models.js';

const selectAuthors = /^SELECT.*"coherence_authors"/;

describe('what is stored', () => {
  forEachEnvironment((env) => {
    it('A1: a fill that comes after the invalidation is dead', async () => {
      const author = await Author.create({ name: 'old' });
      const reading = env.database.hold(selectAuthors, 'after');
      const late = Author.cache.get(author.id);
      await reading.reached;
      author.name = 'new';
      await author.save();
      reading.release();
      await late;
      expect((await Author.cache.get(author.id)).name).to.equal('new');
      expect((await Author.cache.explain(author.id)).state).to.equal('hit');
    });

    it('A1: a computed value whose run a write overtook is dead', async () => {
      const author = await Author.create({ name: 'old' });
      scripts.outer = async () => (await Author.objects.get({ id: author.id })).name;
      await Author.cache.get(author.id); // so that the query is the only statement
      const reading = env.database.hold(selectAuthors, 'after');
      const late = author.outer();
      await reading.reached;
      const own = await Author.objects.get({ id: author.id });
      own.name = 'new';
      await own.save();
      reading.release();
      await late;
      expect(await author.outer()).to.equal('new');
    });

    if (env.storeKind !== 'memory') {
      it('what was computed across a commit shows rows from before and after it, and is hit until the write resolves', async () => {
        const [one, other] = await Author.objects.bulkCreate([{ name: 'old' }, { name: 'old' }]);
        const middle = new Hold();
        const nameOf = async (author?: Author): Promise<string> => {
          return (await Author.objects.filter({ id: Number(author?.id) }).get()).name;
        };
        scripts.outer = async () => {
          const first = await nameOf(one);
          await middle.arrive();
          return `${first} ${await nameOf(other)}`;
        };
        const computing = one?.outer();
        await middle.reached;
        const drop = env.store?.hold('drop', 'before');
        const writing = Author.objects
          .filter({ id__in: [one, other].map((each) => Number(each?.id)) })
          .update({ name: 'new' });
        await drop?.reached;
        middle.release();
        expect(await computing).to.equal('old new');
        await env.settle();
        expect(await one?.outer(), 'committed, but not told').to.equal('old new');
        drop?.release();
        await writing;
        expect(await one?.outer()).to.equal('new new');
      });
    }

    it('A1: the answer "there is no such row" that comes after the insert is dead', async () => {
      const taken = await Author.create({ name: 'taken' });
      const free = taken.id + 1_000_000;
      const reading = env.database.hold(selectAuthors, 'after');
      const late = Author.cache.find(free);
      await reading.reached;
      await Author.create({ id: free, name: 'new' });
      reading.release();
      expect(await late).to.equal(undefined);
      expect((await Author.cache.get(free)).name).to.equal('new');
    });

    for (const isolation of ['read committed', 'repeatable read', 'serializable'] as const) {
      it(`A2: a transaction (${isolation}) neither fills nor hits`, async () => {
        const author = await Author.create({ name: 'old' });
        scripts.outer = async (self) => self.name;
        await Author.cache.get(author.id);
        await author.outer();
        const before = env.db.stats();
        await transaction(
          async () => {
            expect((await Author.cache.get(author.id)).name).to.equal('old');
            expect(await author.outer()).to.equal('old');
            expect(Author.cache.peek(author.id)).to.equal(undefined);
            expect((await Author.cache.explain(author.id)).reason).to.equal('inside a transaction');
          },
          { isolation },
        );
        const after = env.db.stats();
        expect([after.hits - before.hits, after.fills - before.fills]).to.deep.equal([0, 0]);
        expect(after.bypasses).to.be.above(before.bypasses);
      });
    }

    it('A6: what is not committed is never seen outside, and not after the rollback either', async () => {
      const author = await Author.create({ name: 'old', slug: null });
      scripts.outer = async (self) => self.name;
      const failed = transaction(async () => {
        const own = await Author.objects.get({ id: author.id });
        own.name = 'uncommitted';
        await own.save();
        expect((await Author.cache.get(author.id)).name).to.equal('uncommitted');
        expect(await own.outer()).to.equal('uncommitted');
        await Article.create({ title: 'uncommitted', category: 66 });
        expect(await Article.objects.filter({ category: 66 }).count()).to.equal(1);
        throw new Error('roll back');
      });
      await failed.catch(() => undefined);
      expect((await Author.cache.get(author.id)).name).to.equal('old');
      expect(await author.outer()).to.equal('old');
    });

    it('A6: a savepoint that is rolled back takes its invalidations along, and nothing else', async () => {
      const [kept, undone] = [await Author.create({ name: 'kept' }), await Author.create({ name: 'undone' })];
      await Author.cache.getMany([kept.id, undone.id]);
      await transaction(async () => {
        kept.name = 'kept too';
        await kept.save();
        await transaction(async () => {
          undone.name = 'changed';
          await undone.save();
          throw new Error('roll back');
        }).catch(() => undefined);
      });
      expect((await Author.cache.explain(kept.id)).state).to.equal('miss');
      expect((await Author.cache.explain(undone.id)).state).to.equal('hit');
      expect((await Author.cache.get(kept.id)).name).to.equal('kept too');
      expect((await Author.cache.get(undone.id)).name).to.equal('undone');
    });

    it('A6: readers outside see the old row until the commit, and the new one after it', async () => {
      const author = await Author.create({ name: 'old' });
      await Author.cache.get(author.id);
      let seen: Promise<Author> | undefined;
      const outside = new Promise<void>((resolve) => {
        setImmediate(() => {
          seen = Author.cache.get(author.id);
          void seen.then(() => resolve());
        });
      });
      await transaction(async () => {
        const own = await Author.objects.get({ id: author.id });
        own.name = 'new';
        await own.save();
        await outside;
      });
      expect((await seen)?.name).to.equal('old');
      expect((await Author.cache.get(author.id)).name).to.equal('new');
    });

    it('A7: a computed method of a stale instance computes from the row as it is', async () => {
      const author = await Author.create({ name: 'old' });
      const stale = await Author.cache.get(author.id);
      scripts.outer = async (self) => self.name;
      author.name = 'new';
      await author.save();
      expect(stale.name).to.equal('old');
      expect(await stale.outer()).to.equal('new');
      expect(await author.outer()).to.equal('new');
    });

    it('A7: a stale instance as an argument is read anew as well', async () => {
      const [author, other] = [await Author.create({ name: 'self' }), await Author.create({ name: 'old' })];
      const stale = await Author.cache.get(other.id);
      scripts.outer = async (_, argument) => (argument as Author).name;
      other.name = 'new';
      await other.save();
      expect(await author.outer(stale)).to.equal('new');
      other.name = 'newer';
      await other.save();
      expect(await author.outer(stale)).to.equal('newer');
      expect(await author.outer([{ of: stale }].map(({ of }) => of)[0])).to.equal('newer');
    });

    it('A7: so is one inside a Map or a Set', async () => {
      const [author, other] = [await Author.create({ name: 'self' }), await Author.create({ name: 'old' })];
      const stale = await Author.cache.get(other.id);
      scripts.outer = async (_, argument) =>
        [...(argument as Map<string, Set<Author>>).values()].map(([...of]) => of[0]?.name);
      const argument = new Map([['of', new Set([stale])]]);
      other.name = 'new';
      await other.save();
      expect(await author.outer(argument)).to.deep.equal(['new']);
      other.name = 'newer';
      await other.save();
      expect(await author.outer(argument)).to.deep.equal(['newer']);
      stale.name = 'unsaved';
      expect(await author.outer(argument)).to.deep.equal(['unsaved']);
      expect(await author.outer(new Map([['of', new Set([other])]]))).to.deep.equal(['newer']);
    });

    it('A7: an instance with unsaved changes computes from them, and nothing is stored', async () => {
      const author = await Author.create({ name: 'saved' });
      scripts.outer = async (self) => self.name;
      const dirty = await Author.cache.get(author.id);
      dirty.name = 'unsaved';
      expect(await dirty.outer()).to.equal('unsaved');
      expect(await author.outer()).to.equal('saved');
    });

    it('A7: a method that returns its own instance depends on the row', async () => {
      const author = await Author.create({ name: 'old' });
      scripts.outer = async (self) => self;
      expect(((await author.outer()) as Author).name).to.equal('old');
      author.name = 'new';
      await author.save();
      expect(((await author.outer()) as Author).name).to.equal('new');
    });
  });
});
