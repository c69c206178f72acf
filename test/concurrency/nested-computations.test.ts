import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { moneyclip, transaction, UsageError, withoutInvalidation } from '../../src/index.js';
import { forEachEnvironment } from './support/environment.js';
import { Article, Author, scripts } from './support/models.js';

const selectAuthors = /^SELECT.*"coherence_authors"/;
const selectArticles = /^SELECT.*"coherence_articles"/;

async function rename(author: Author, name: string): Promise<void> {
  await Author.objects.filter({ id: author.id }).update({ name });
}

/** How often the outer method ran while `task` did. */
async function runsOf(task: () => Promise<unknown>): Promise<number> {
  const { outer } = scripts;
  let runs = 0;
  scripts.outer = (author, ...args) => {
    runs += 1;
    return outer(author, ...args);
  };
  await task();
  return runs;
}

describe('A8: what is computed from computed values', () => {
  forEachEnvironment((env) => {
    let self: Author;
    let other: Author;

    beforeEach(async () => {
      self = await Author.create({ name: 'self' });
      other = await Author.create({ name: 'old' });
      scripts.inner = async () => (await Author.cache.get(other.id)).name;
      scripts.outer = async (author) => `<${String(await author.inner())}>`;
    });

    it('inherits what an inner value that was computed just now depends on', async () => {
      expect(await self.outer()).to.equal('<old>');
      await rename(other, 'new');
      expect(await self.outer()).to.equal('<new>');
    });

    it('inherits what an inner hit depends on', async () => {
      expect(await self.inner()).to.equal('old');
      expect(await self.outer()).to.equal('<old>');
      await rename(other, 'new');
      expect(await self.outer()).to.equal('<new>');
    });

    for (const [what, read] of [
      ['a row', async () => (await Author.cache.find(other.id))?.name],
      ['a row by a unique value', async () => (await Author.cache.find({ slug: `warm-${other.id}` }))?.name],
      ['a foreign key', async () => (await (await Article.objects.get({ authorId: other.id })).author)?.name],
    ] as const) {
      it(`depends on ${what} that was a hit`, async () => {
        await Author.objects.filter({ id: other.id }).update({ slug: `warm-${other.id}` });
        await Article.create({ title: 'x', category: 1, author: other });
        scripts.outer = read;
        await read(); // warm
        expect(await self.outer()).to.equal('old');
        await rename(other, 'new');
        expect(await self.outer()).to.equal('new');
      });
    }

    it('depends on answers "there is none" that were hits, by key and by unique value', async () => {
      const id = other.id + 2_000_000;
      const slug = `nobody-${other.id}`;
      scripts.outer = async () =>
        [await Author.cache.find(id), await Author.cache.find({ slug })].filter(Boolean).length;
      await Promise.all([Author.cache.find(id), Author.cache.find({ slug })]); // warm
      expect(await self.outer()).to.equal(0);
      await Author.create({ id, name: 'new' });
      expect(await self.outer()).to.equal(1);
      await rename(self, 'unrelated');
      await Author.objects.filter({ id: other.id }).update({ slug });
      expect(await self.outer()).to.equal(2);
    });

    it('inherits to any depth', async () => {
      const { outer } = scripts;
      scripts.short = outer;
      scripts.outer = async (author) => `(${String(await author.short())})`;
      expect(await self.outer()).to.equal('(<old>)');
      await rename(other, 'new');
      expect(await self.outer()).to.equal('(<new>)');
    });

    it('keeps the stamp of an inner hit, not the one that is current when it is stored', async () => {
      await self.inner();
      const { outer } = scripts;
      scripts.outer = async (author) => {
        const value = await outer(author);
        await Article.objects.filter({ category: 1 }).count();
        return value;
      };
      const counting = env.database.hold(selectArticles, 'before');
      const late = self.outer();
      await counting.reached;
      await rename(other, 'new');
      await Author.cache.get(other.id); // somebody else acquires new stamps
      counting.release();
      expect(await late).to.equal('<old>');
      expect(await self.outer()).to.equal('<new>');
    });

    it('is not stored where one dependency was consumed under two stamps', async () => {
      scripts.outer = async () => {
        const first = (await Author.cache.get(other.id)).name;
        await rename(other, 'new');
        const second = (await Author.cache.get(other.id)).name;
        return `${first} ${second}`;
      };
      expect(await self.outer()).to.equal('old new');
      expect(await moneyclip.of(Author, 'outer').peek(self)).to.equal(undefined);
    });

    it('is not stored where an inner read went past the cache', async () => {
      scripts.outer = async () => transaction(async () => (await Author.cache.get(other.id)).name);
      expect(await self.outer()).to.equal('old');
      expect(await moneyclip.of(Author, 'outer').peek(self)).to.equal(undefined);
      await rename(other, 'new');
      expect(await self.outer()).to.equal('new');
    });

    it('is not stored where an inner computation went past the cache', async () => {
      scripts.outer = async () => {
        const unsaved = await Author.objects.get({ id: other.id });
        unsaved.slug = 'unsaved';
        return unsaved.inner();
      };
      expect(await self.outer()).to.equal('old');
      expect(await moneyclip.of(Author, 'outer').peek(self)).to.equal(undefined);
    });

    it('is not stored where it swallowed the failure of an inner computation', async () => {
      scripts.inner = async () => {
        throw new Error('fails once');
      };
      scripts.outer = async (author) => author.inner().catch(() => 'fallback');
      expect(await self.outer()).to.equal('fallback');
      scripts.inner = async () => 'works';
      expect(await self.outer()).to.equal('works');
    });

    it('is not stored where it swallowed the failure of an inner computation that others wait for too', async () => {
      scripts.inner = async () => {
        await Author.objects.filter({ name: 'x' }).count();
        throw new Error('fails once');
      };
      scripts.outer = async (author) => author.inner().catch(() => 'fallback');
      const counting = env.database.hold(selectAuthors, 'before');
      const reading = env.database.hold(/count\(\*\)/i, 'before');
      const first = self.inner().catch(() => undefined);
      counting.release();
      await reading.reached;
      const joined = self.outer();
      await env.settle();
      reading.release();
      await first;
      expect(await joined).to.equal('fallback');
      scripts.inner = async () => 'works';
      expect(await self.outer()).to.equal('works');
    });

    it('is not stored where it swallowed a result that cannot be stored', async () => {
      scripts.inner = async () => () => 'a function';
      scripts.outer = async (author) => author.inner().catch(() => 'fallback');
      expect(await self.outer()).to.equal('fallback');
      scripts.inner = async () => 'works';
      expect(await self.outer()).to.equal('works');
    });

    for (const [what, read] of [
      ['a cached row', () => Author.cache.get(other.id)],
      ['a row by a unique value', () => Author.cache.get({ slug: 'nobody' })],
      ['a query', () => Author.objects.filter({ name: 'old' }).count()],
    ] as const) {
      it(`is not stored where it swallowed the failed read of ${what}`, async () => {
        scripts.outer = async () =>
          read().then(
            () => 'read',
            () => 'fallback',
          );
        await self.reload();
        await Author.cache.get(self.id);
        env.database.failNext(selectAuthors);
        expect(await self.outer()).to.equal('fallback');
        expect(await moneyclip.of(Author, 'outer').peek(self)).to.equal(undefined);
      });
    }

    it('depends on the row that was not there', async () => {
      const free = other.id + 1_000_000;
      scripts.inner = async () => (await Author.cache.find(free))?.name ?? 'nobody';
      expect(await self.outer()).to.equal('<nobody>');
      await Author.create({ id: free, name: 'somebody' });
      expect(await self.outer()).to.equal('<somebody>');
    });

    it('depends on the unique value that nobody had', async () => {
      const slug = `slug-${other.id}`;
      scripts.inner = async () => (await Author.cache.find({ slug }))?.name ?? 'nobody';
      expect(await self.outer()).to.equal('<nobody>');
      await Author.objects.filter({ id: other.id }).update({ slug });
      expect(await self.outer()).to.equal('<old>');
    });

    it('depends on the unique value that nobody had, of a type whose equal values may be written differently', async () => {
      const price = `${other.id}.5`;
      scripts.inner = async () => (await Article.cache.find({ price }))?.title ?? 'nothing';
      expect(await self.outer()).to.equal('<nothing>');
      await Article.create({ title: 'something', category: 1, price: `${other.id}.50` });
      expect(await self.outer()).to.equal('<something>');
    });

    it('inherits from a run that it joined', async () => {
      const reading = env.database.hold(selectAuthors, 'before');
      const first = self.inner();
      await reading.reached;
      const joined = self.outer();
      await env.settle();
      reading.release();
      expect([await first, await joined]).to.deep.equal(['old', '<old>']);
      await rename(other, 'new');
      expect(await self.outer()).to.equal('<new>');
    });

    it('ends with the inner value that depends on nothing that can be seen', async () => {
      let now = 1;
      scripts.short = async () => now;
      scripts.outer = async (author) => author.short();
      expect(await self.outer()).to.equal(1);
      now = 2;
      env.clock.advance(67_000);
      expect(await self.outer()).to.equal(2);
    });

    it('ends with it also where both were hits in between', async () => {
      let now = 1;
      scripts.short = async (author) => [now, author.name];
      scripts.inner = async (author) => author.short();
      scripts.outer = async (author) => author.inner();
      await self.inner();
      env.clock.advance(40_000);
      expect(await self.outer()).to.deep.equal([1, 'self']);
      now = 2;
      env.clock.advance(27_000);
      expect(await self.outer()).to.deep.equal([2, 'self']);
    });

    it('says so when a value is computed from itself', async () => {
      scripts.inner = async (author) => author.outer();
      const error: unknown = await self.outer().catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(UsageError);
      expect(error)
        .to.have.property('message')
        .that.matches(/^coherence.Author.outer: the value is computed from itself/);
    });

    it('is not computed anew for what it does not depend on', async () => {
      const runs = await runsOf(async () => {
        await self.outer();
        await rename(self, 'renamed');
        await Article.create({ title: 'unrelated', category: 1 });
        await self.outer();
      });
      expect(runs).to.equal(1);
    });

    it('stays as it is for writes inside withoutInvalidation', async () => {
      await self.outer();
      await withoutInvalidation(() => rename(other, 'new'));
      expect(await self.outer()).to.equal('<old>');
    });
  });
});
